from django.db import models


class Serial(models.Model):
    """The last number given out in a scope (流水号): applications of a day, licences of a year."""

    scope = models.CharField("范围", max_length=120, primary_key=True)
    last = models.PositiveBigIntegerField("末号")

    class Meta:
        verbose_name = "流水号"

    def __str__(self) -> str:
        return f"{self.scope} {self.last}"
