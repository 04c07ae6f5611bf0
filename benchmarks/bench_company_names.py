"""A company name checked against the registry's names and what is reserved: p50, p95 of processor time.

--names made legal persons are put into the registry, taken into the index as a new version is (names a second), then
names are checked: free ones, taken ones, ones that sound the same. Baseline in the same run: one indexed read of the
same index.
"""

import random
import time

from harness import city_open, cpu_seconds, engine_name, options_parse, percentile, report

CHARS = (
    "安邦宝昌辰诚达德东丰福刚光广国海航浩恒宏华辉汇嘉建江金景康科乐力联隆茂美明鹏奇启青庆荣瑞润森盛世顺泰天通旺维文祥"
    "新信星兴旭雅阳益永优宇元源远跃云泽长正志智中众卓梓晨曦岚澜溪渊渔樵枫松柏竹梅兰菊荷莲"
)
ROUNDS = 400


def rows_make(count: int, trades: list[str]):
    """Yield made legal persons; a trade name of two to four characters, no two rows the same code."""
    from yiwang.sdk.identifiers import USCC_ALPHABET, uscc_make

    chance = random.Random(1)  # noqa: S311 - made data
    for number in range(count):
        body, rest = "", number
        for _ in range(6):
            rest, digit = divmod(rest, 31)
            body = USCC_ALPHABET[digit] + body
        core = "".join(chance.choices(CHARS, k=chance.choice((2, 3, 3, 4))))
        yield {
            "uscc": uscc_make("9", "1", "320508", f"MB{body}"),
            "name": f"苏州{core}{chance.choice(trades)}有限公司",
            "area_code": "320508",
            "is_made": True,
        }


def main() -> None:
    """Load, index, check."""
    options = options_parse(__doc__, names=350_000)
    city_open(build=False)
    from django.utils import timezone

    from yiwang.hall.companies.actions.names import names_follow
    from yiwang.hall.companies.checking import name_check
    from yiwang.hall.companies.models import NameEntry
    from yiwang.hall.companies.naming import NameParts
    from yiwang.hall.companies.tables import naming_tables
    from yiwang.kernel.api import codes_seed_load, context_system, context_use
    from yiwang.resources.api import registries_load

    now, today = timezone.now(), timezone.localdate()
    trades = sorted(naming_tables().trades)
    with context_use(context_system("benchmark")):
        codes_seed_load(now=now)
        registries_load(enterprises=rows_make(options.names, trades), now=now)
        begun = cpu_seconds()
        taken = names_follow(now=now)
        spent = cpu_seconds() - begun
    chance = random.Random(2)  # noqa: S311 - made data
    known = list(NameEntry.objects.order_by("pk").values_list("core_key", flat=True)[:ROUNDS])
    asked = [
        NameParts("苏州", core, chance.choice(trades), "有限公司")
        for core in [*known, *("".join(chance.choices(CHARS, k=3)) for _ in range(ROUNDS))]
    ]

    def timed(act) -> list[float]:
        act(asked[0])
        found = []
        for one in asked:
            start = time.process_time()
            act(one)
            found.append((time.process_time() - start) * 1000)
        return found

    checks = timed(lambda one: name_check(one, kind="LIMITED", area_code="320508", today=today))
    reads = timed(
        lambda one: list(
            NameEntry.objects.filter(exact_key=f"{one.core}{one.trade}").values_list("name")
        )
    )
    read = percentile(reads, 0.5)
    for share in (0.5, 0.95):
        report(
            f"name checked against {taken:,} names, p{share * 100:.0f}",
            percentile(checks, share),
            "ms CPU",
            baseline=read,
            baseline_name="one indexed read, p50",
            as_json=options.json,
        )
    report(
        f"names taken into the index ({engine_name()})",
        taken / spent,
        "names/s CPU",
        baseline=1000 / read,
        baseline_name="indexed reads/s",
        as_json=options.json,
    )


if __name__ == "__main__":
    main()
