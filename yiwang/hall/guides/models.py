"""Guided questions in force, and how long applications took (情形引导、办理时长、办结预测)."""

from django.db import models
from django.db.models import Q


class GuideVersion(models.Model):
    """A version of guided questions (情形引导版本); the open one is asked."""

    key = models.CharField("标识", max_length=100)
    number = models.PositiveIntegerField("版本号")
    spec = models.JSONField("内容")
    digest = models.CharField("摘要", max_length=64)
    matters = models.JSONField("引导事项", default=list)
    source = models.CharField("来源", max_length=80)
    valid_from = models.DateTimeField("启用时间")
    valid_to = models.DateTimeField("停用时间", null=True)

    class Meta:
        verbose_name = "情形引导版本"
        constraints = [
            models.UniqueConstraint(fields=["key", "number"], name="guide_version_number"),
            models.UniqueConstraint(
                fields=["key"], condition=Q(valid_to__isnull=True), name="guide_version_one_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} v{self.number}"


class CaseDuration(models.Model):
    """How many working days a decided application took (办理时长). No person stands in it."""

    number = models.CharField("办件编号", max_length=50, unique=True)
    matter_code = models.CharField("事项编码", max_length=64)
    department_id = models.BigIntegerField("办理部门")
    function = models.CharField("部门职能", max_length=40)
    item_type = models.CharField("事项类型", max_length=2)
    promised_days = models.PositiveIntegerField("承诺工作日", null=True)
    decided_date = models.DateField("办结日期", db_index=True)
    working_days = models.PositiveIntegerField("工作日")

    class Meta:
        verbose_name = "办理时长"

    def __str__(self) -> str:
        return f"{self.number} {self.working_days}"


class ForecastTable(models.Model):
    """Counted durations of one scope (办结预测表): what a forecast is read from.

    scope: matter/department, matter, or kind; counts: {working days: cases}.
    """

    scope = models.CharField("范围", max_length=160, unique=True)
    counts = models.JSONField("时长计数")
    total = models.PositiveIntegerField("办件数")
    refreshed_at = models.DateTimeField("更新时间")

    class Meta:
        verbose_name = "办结预测表"

    def __str__(self) -> str:
        return f"{self.scope} {self.total}"
