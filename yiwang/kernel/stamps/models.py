from django.db import models


class Stamp(models.Model):
    """Which edition of something is in force (版本戳): a value that is new after every change.

    A random value rather than a counter: a counter that a rollback takes back would be given out
    twice, for two different editions.
    """

    name = models.CharField("对象", max_length=60, primary_key=True)
    value = models.CharField("版本", max_length=32)

    class Meta:
        verbose_name = "版本戳"

    def __str__(self) -> str:
        return f"{self.name} {self.value}"
