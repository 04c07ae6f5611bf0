"""Fusing past one machine (集群融合): what DuckDB and NumPy do on one, as statements of Apache Spark.

The standardising SQL is the same text, translated; the fuse is one grouped aggregation. Loaded only when
a run asks for it: `FusionOptions(engine="spark", master=...)`.
"""
