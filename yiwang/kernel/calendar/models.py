from django.db import models


class CalendarYear(models.Model):
    """One year of the State Council's notice (年度放假安排)."""

    year = models.SmallIntegerField("年度", unique=True)
    source = models.JSONField("来源")
    digest = models.CharField("摘要", max_length=64)
    loaded_at = models.DateTimeField("载入时间")

    class Meta:
        verbose_name = "年度放假安排"
        ordering = ["year"]

    def __str__(self) -> str:
        return str(self.year)


class CalendarDay(models.Model):
    """A day off or a make-up working day (放假日、调休上班日)."""

    class Kind(models.TextChoices):
        HOLIDAY = "HOLIDAY", "放假"
        MAKE_UP = "MAKE_UP", "调休上班"

    year = models.ForeignKey(CalendarYear, models.CASCADE, related_name="days", verbose_name="年度")
    date = models.DateField("日期", unique=True)
    kind = models.CharField("种类", max_length=8, choices=Kind.choices)
    name_zh = models.CharField("中文名称", max_length=60)
    name_en = models.CharField("英文名称", max_length=80)

    class Meta:
        verbose_name = "特殊日"
        ordering = ["date"]

    def __str__(self) -> str:
        return f"{self.date} {self.name_zh}"


class LocalClosure(models.Model):
    """A day, or half of one, on which an area's offices are closed by order (局部停止办公), for example a typhoon.

    part: "" the whole day. counts: whether the day still counts as a working day in time limits; a whole day
    never does.
    """

    class Part(models.TextChoices):
        DAY = "", "全天"
        AM = "AM", "上午"
        PM = "PM", "下午"

    area_code = models.CharField("区划代码", max_length=12, blank=True)
    date = models.DateField("日期")
    part = models.CharField("停办时段", max_length=2, choices=Part.choices, blank=True)
    counts = models.BooleanField("计入工作日", default=False)
    reason = models.CharField("原因", max_length=200)
    document = models.CharField("依据文件", max_length=200, blank=True)

    class Meta:
        verbose_name = "局部停止办公"
        ordering = ["date", "area_code"]
        constraints = [
            models.UniqueConstraint(fields=["area_code", "date"], name="closure_area_date"),
            models.CheckConstraint(
                condition=models.Q(counts=False) | ~models.Q(part=""), name="closure_whole_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.date} {self.area_code} {self.reason}"
