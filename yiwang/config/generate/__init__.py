"""Made data at the size of a city (生成数据): a public benchmark with the truth beside it.

Pure and seeded: the same persons, records and seed give the same rows, whatever the machine.
See docs/benchmark-population.md.
"""
