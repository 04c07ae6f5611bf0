"""Which edition of what every process keeps in memory is in force (版本戳)."""
