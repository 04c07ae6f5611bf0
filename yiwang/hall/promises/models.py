"""Promises of applicants and who may not make them any more (容缺受理、告知承诺)."""

from django.db import models
from django.db.models import Q

from yiwang.identity.api import PersonalDataManager, protected


class Promise(models.Model):
    """What an applicant promised in writing (承诺): a document that follows, or one that it replaces.

    subject: "application:<number>". The words and their digest never change.
    """

    class Kind(models.TextChoices):
        TOLERANT = "TOLERANT", "容缺后补"
        COMMITMENT = "COMMITMENT", "告知承诺"

    class State(models.TextChoices):
        MADE = "MADE", "已承诺"
        OPEN = "OPEN", "履行中"
        SUPPLIED = "SUPPLIED", "已补交"
        KEPT = "KEPT", "已履行"
        BROKEN = "BROKEN", "未履行"
        VOID = "VOID", "已失效"

    kind = models.CharField("类型", max_length=10, choices=Kind.choices)
    state = models.CharField("状态", max_length=8, choices=State.choices, default=State.MADE)
    subject = models.CharField("所属事项", max_length=120)
    number = models.CharField("办件编号", max_length=80)
    matter_code = models.CharField("事项编码", max_length=64)
    title = models.JSONField("事项名称")
    key = models.CharField("材料标识", max_length=60)
    item = models.JSONField("材料名称")
    text = models.JSONField("承诺内容")
    sha256 = models.CharField("承诺摘要", max_length=64)
    days = models.PositiveSmallIntegerField("期限（工作日）")
    consequence = models.CharField("后果", max_length=8)
    legal_basis = models.CharField("依据", max_length=300, blank=True)
    accept = models.JSONField("接受类型", default=list)
    max_mb = models.PositiveSmallIntegerField("大小上限（MB）", default=10)
    holder_ref = models.CharField("承诺人", max_length=80)
    holder_name = protected(models.CharField("承诺人名称", max_length=160), level=3)
    account_id = models.BigIntegerField("通知账户", null=True)
    department_id = models.BigIntegerField("核查部门")
    round = models.PositiveSmallIntegerField("轮次", default=0)
    made_at = models.DateTimeField("承诺时间")
    begun_at = models.DateTimeField("起算时间", null=True)
    due_at = models.DateTimeField("到期时间", null=True)
    warn_at = models.DateTimeField("提醒时间", null=True)
    warned_at = models.DateTimeField("已提醒时间", null=True)
    attachment_id = models.BigIntegerField("补交附件", null=True)
    supplied_at = models.DateTimeField("补交时间", null=True)
    return_reason = models.TextField("退回理由", blank=True)
    result = models.TextField("核查结果", blank=True)
    decided_at = models.DateTimeField("核查时间", null=True)
    decided_by = models.CharField("核查人", max_length=80, blank=True)
    revoked = models.JSONField("撤销的证照", default=list)

    objects = PersonalDataManager()

    class Meta:
        verbose_name = "承诺"
        constraints = [
            models.UniqueConstraint(fields=["subject", "key"], name="promise_once"),
            models.CheckConstraint(
                condition=Q(decided_at__isnull=True) ^ Q(state__in=["KEPT", "BROKEN", "VOID"]),
                name="promise_decided_at_its_end",
            ),
            models.CheckConstraint(
                condition=~Q(state="SUPPLIED") | Q(attachment_id__isnull=False),
                name="promise_supplied_with_document",
            ),
        ]
        indexes = [
            models.Index(fields=["holder_ref", "-id"], name="promise_holder"),
            models.Index(fields=["department_id", "state", "due_at"], name="promise_department"),
            models.Index(fields=["due_at"], condition=Q(state="OPEN"), name="promise_open_due"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.key}"


class PromiseBar(models.Model):
    """Who may not commit themselves for a matter any more (不适用告知承诺), until it is lifted."""

    holder_ref = models.CharField("当事人", max_length=80)
    matter_code = models.CharField("事项编码", max_length=64)
    promise = models.OneToOneField(Promise, models.PROTECT, related_name="bar", verbose_name="承诺")
    reason = models.TextField("理由")
    since = models.DateTimeField("起始时间")
    lifted_at = models.DateTimeField("解除时间", null=True)
    lifted_by = models.CharField("解除人", max_length=80, blank=True)
    lift_reason = models.TextField("解除理由", blank=True)

    class Meta:
        verbose_name = "承诺限制"
        constraints = [
            models.UniqueConstraint(
                fields=["holder_ref", "matter_code"],
                condition=Q(lifted_at__isnull=True),
                name="promise_bar_open_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.holder_ref} {self.matter_code}"
