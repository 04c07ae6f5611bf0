"""What people saved for their forms, and how much of the forms nobody had to type (常用信息与免填统计)."""

from django.db import models

from yiwang.identity.api import PersonalDataManager, protected


class ReusableBlock(models.Model):
    """A block of answers that somebody keeps in the own space (常用信息): address, bank account, family.

    It is the person's own statement, kept with its date, and no registry's. form_version_id: the version
    of the block's form that it was written with.
    """

    subject_ref = protected(models.CharField("所属人", max_length=80), level=3)
    key = models.CharField("种类", max_length=40)
    label = models.CharField("名称", max_length=60)
    values = protected(models.JSONField("内容", default=dict), level=3)
    form_version_id = models.BigIntegerField("表单版本")
    revision = models.PositiveIntegerField("修订号", default=1)
    account_id = models.BigIntegerField("填写账户", null=True)
    stated_at = models.DateTimeField("声明时间")
    used_count = models.PositiveIntegerField("带入次数", default=0)
    last_used_at = models.DateTimeField("最近带入时间", null=True)

    objects = PersonalDataManager()

    class Meta:
        verbose_name = "常用信息"
        indexes = [models.Index(fields=["subject_ref", "key", "-id"], name="block_subject")]

    def __str__(self) -> str:
        return f"{self.key} #{self.pk}"


class ApplicationOrigins(models.Model):
    """Where the values of one application came from (办件填报来源); one row, written when it is submitted.

    origins: field -> origin; no value stands here. counted_at: when it went into the monthly counts.
    """

    number = models.CharField("办件编号", max_length=64, unique=True)
    matter_code = models.CharField("事项编码", max_length=64)
    matter_version_id = models.BigIntegerField("事项版本")
    form_version_id = models.BigIntegerField("表单版本")
    origins = models.JSONField("来源", default=dict)
    reused = models.PositiveIntegerField("免填字段数")
    total = models.PositiveIntegerField("已填字段数")
    submitted_at = models.DateTimeField("提交时间")
    counted_at = models.DateTimeField("计入时间", null=True)

    class Meta:
        verbose_name = "办件填报来源"
        indexes = [
            models.Index(
                fields=["id"], condition=models.Q(counted_at__isnull=True), name="origins_uncounted"
            )
        ]

    def __str__(self) -> str:
        return self.number


class OriginCount(models.Model):
    """How often a field's value came from where, in one month (字段来源月计).

    field "" counts the applications themselves, under the origin ALL.
    """

    month = models.DateField("月份")
    matter_code = models.CharField("事项编码", max_length=64)
    matter_version_id = models.BigIntegerField("事项版本")
    form_version_id = models.BigIntegerField("表单版本")
    field = models.CharField("字段", max_length=120, blank=True)
    origin = models.CharField("来源", max_length=8)
    count = models.PositiveIntegerField("次数")

    class Meta:
        verbose_name = "字段来源月计"
        constraints = [
            models.UniqueConstraint(
                fields=["month", "matter_version_id", "form_version_id", "field", "origin"],
                name="origin_count_once",
            )
        ]
        indexes = [models.Index(fields=["matter_code", "month"], name="origin_count_matter")]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.matter_code} {self.field} {self.origin}"
