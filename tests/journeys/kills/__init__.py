"""A city that lives through several days in minutes while its processes are killed (连日断电演练)."""
