"""Build the city that the live tests copy: `python -m tests.journeys.prepare`, settings by environment.

Its registries are loaded as they were made; that the departments' records lead to them is what
yiwang/config/demo/tests is about. Its passwords are hashed quickly, and as always again at the first sign-in.
Besides the demonstration accounts it has eight citizens of sixty and over, `load0` to `load7`, for
tests with many hands; all live in the district of the demonstration's officers.
"""

import json
import os
from datetime import timedelta

import django

PASSWORD = "made-for-tests-only"
HANDS = 8
AREA = "320508"


def main() -> None:
    """Migrate, build a small city, add the hands."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yiwang.config.settings")
    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.utils import timezone

    from tests.city import QUICK, direct_registries
    from yiwang.config.demo import city_build

    call_command("migrate", verbosity=0, interactive=False)
    now = timezone.now()
    settings.PASSWORD_HASHERS = QUICK
    with direct_registries():
        city_build(persons=240, enterprises=24, now=now)
    path = settings.DATA_DIR / "demo-accounts.json"
    demo = json.loads(path.read_text())
    rows = hands_make(now, besides=[row["subject_ref"].removeprefix("person:") for row in demo])
    path.write_text(json.dumps(demo + rows, ensure_ascii=False))


def hands_make(now, *, besides: list[str]) -> list[dict]:
    """Give eight people of sixty and over an account with the common password."""
    from yiwang.identity.api import accounts_load, data_scope
    from yiwang.kernel.api import context_system, context_use
    from yiwang.resources.registries.models import Person

    with context_use(context_system("tests")), data_scope(purpose="测试"):
        oldest = (now - timedelta(days=61 * 366)).date()
        people = Person.objects.filter(birth_date__lt=oldest, id_number__isnull=False)
        people = people.exclude(ref__in=besides)
        found = list(people.order_by("ref").values("ref", "name")[:HANDS])
        refs = [person["ref"] for person in found]
        Person.objects.filter(ref__in=refs).update(area_code=AREA)
        rows = [
            {
                "username": f"load{number}",
                "population": "CITIZEN",
                "name": person["name"],
                "subject_ref": f"person:{person['ref']}",
                "phone": f"1390000200{number}",
                "email": "",
                "password": PASSWORD,
                "totp_secret": "",
                "posts": [],
                "authorities": [],
            }
            for number, person in enumerate(found)
        ]
        accounts_load(rows, now=now)
    return [
        {
            **row,
            "role": {"zh": "市民", "en": "Citizen"},
            "department": "",
            "totp_secret": None,
            "role_code": "CITIZEN",
            "function": "",
            "area_code": AREA,
        }
        for row in rows
    ]


if __name__ == "__main__":
    main()
