from django.db import models


class Serial(models.Model):
    """The last number given out in a scope (流水号): applications of a day, licences of a year."""

    scope = models.CharField("范围", max_length=120, primary_key=True)
    last = models.PositiveBigIntegerField("末号")

    class Meta:
        verbose_name = "流水号"

    def __str__(self) -> str:
        return f"{self.scope} {self.last}"


class SerialLane(models.Model):
    """One of the lanes in which numbers of a busy scope are given out (流水号通道).

    Lane k of n gives base + k, base + k + n, …; so acts side by side need not wait for each other's end.
    """

    scope = models.CharField("范围", max_length=120)
    lane = models.PositiveSmallIntegerField("通道")
    last = models.BigIntegerField("末号")

    class Meta:
        verbose_name = "流水号通道"
        constraints = [
            models.UniqueConstraint(fields=["scope", "lane"], name="serial_lane_once"),
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.lane} {self.last}"
