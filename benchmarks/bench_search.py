"""Search over the city's matters, departments and places as people type: p50 and p95."""

import time

from harness import city_open, engine_name, options_parse, percentile, report

QUERIES = (
    "社保卡", "营业执照", "低保", "优待证", "老年", "护士", "许可", "登记", "道路运输", "公证", "残疾证",
    "换证", "职工", "工伤", "房", "取水", "烟草", "民政局", "平江", "優待", "lnz", "jzz", "shebaoka",
    "kcg", "suzhou", "护士 注册", "老年人优代正",
)  # fmt: skip


def main() -> None:
    """Time each query and, as baseline, a plain scan of the same texts for the same words."""
    options = options_parse(__doc__, rounds=20)
    city_open(persons=50)
    from yiwang.engines.api import search
    from yiwang.engines.text.models import SearchDocument
    from yiwang.sdk.text import fold

    search("准备")
    times, scans = [], []
    for _ in range(options.rounds):
        for query in QUERIES:
            begun = time.perf_counter()
            search(query)
            times.append((time.perf_counter() - begun) * 1000)
            begun = time.perf_counter()
            word = fold(query)
            rows = SearchDocument.objects.values_list("pk", "haystack")
            _ = [pk for pk, haystack in rows if word in haystack][:20]
            scans.append((time.perf_counter() - begun) * 1000)
    count = SearchDocument.objects.count()
    for word, share in (("p50", 0.5), ("p95", 0.95)):
        report(
            f"search over {count:,} entries, {engine_name()}, {word}",
            percentile(times, share),
            "ms",
            baseline=percentile(scans, share),
            baseline_name=f"plain scan without synonyms, pinyin or rank, {word}",
            bar="5 ms p50",
            as_json=options.json,
        )


if __name__ == "__main__":
    main()
