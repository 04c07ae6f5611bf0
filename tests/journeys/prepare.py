"""Build the city that the live tests copy: `python -m tests.journeys.prepare`, settings by environment.

Besides the demonstration accounts it has eight citizens of sixty and over, `load0` to `load7`, for
tests with many hands.
"""

import json
import os
from datetime import timedelta

import django

PASSWORD = "made-for-tests-only"
HANDS = 8


def main() -> None:
    """Migrate, build a small city, add the hands."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yiwang.config.settings")
    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.utils import timezone

    from yiwang.config.demo import city_build

    call_command("migrate", verbosity=0, interactive=False)
    now = timezone.now()
    city_build(persons=240, enterprises=24, now=now)
    rows = hands_make(now)
    path = settings.DATA_DIR / "demo-accounts.json"
    path.write_text(json.dumps(json.loads(path.read_text()) + rows, ensure_ascii=False))


def hands_make(now) -> list[dict]:
    """Give eight people of sixty and over an account with the common password."""
    from yiwang.identity.api import accounts_load, data_scope
    from yiwang.kernel.api import context_system, context_use
    from yiwang.resources.registries.models import Person

    with context_use(context_system("tests")), data_scope(purpose="测试"):
        oldest = (now - timedelta(days=61 * 366)).date()
        people = Person.objects.filter(birth_date__lt=oldest, area_code="320508").order_by("ref")
        found = list(people.values("ref", "name")[:HANDS])
        if len(found) < HANDS:
            people = Person.objects.filter(birth_date__lt=oldest).order_by("ref")
            found = list(people.values("ref", "name")[:HANDS])
        rows = [
            {
                "username": f"load{number}",
                "population": "CITIZEN",
                "name": person["name"],
                "subject_ref": f"person:{person['ref']}",
                "phone": "",
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
            "area_code": "320508",
        }
        for row in rows
    ]


if __name__ == "__main__":
    main()
