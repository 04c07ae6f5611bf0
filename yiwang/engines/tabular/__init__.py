"""Tables at the size of a city (表格计算): one SQL text, DuckDB here, Spark past one machine."""
