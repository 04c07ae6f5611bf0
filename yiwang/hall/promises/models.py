"""Promises of applicants and who may not make them any more (容缺受理、告知承诺)."""

from django.db import models
from django.db.models import Q

from yiwang.identity.api import PersonalDataManager, protected


def commitment_only() -> list[str]:
    """Return what a bar of before the terms keeps somebody from."""
    return ["COMMITMENT"]


class Promise(models.Model):
    """What an applicant promised in writing (承诺): a document that follows, or one that it replaces.

    subject: "application:<number>". The words and their digest never change. held_at, hold: since when and why its
    time stands still with its case; days_left: of a document that was handed in by then.
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
    bar_terms = models.JSONField("限制条件", null=True)
    held_at = models.DateTimeField("中止时间", null=True)
    hold = models.JSONField("中止情况", null=True)
    days_left = models.PositiveSmallIntegerField("中止时剩余工作日", null=True)

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
    """Who may not promise or commit themselves any more (不适用容缺受理、告知承诺), for a time or until it is lifted.

    matter_code: "" for all matters; until: the last day, null until it is lifted.
    """

    holder_ref = models.CharField("当事人", max_length=80)
    matter_code = models.CharField("事项编码", max_length=64, blank=True)
    promise = models.OneToOneField(Promise, models.PROTECT, related_name="bar", verbose_name="承诺")
    reason = models.TextField("理由")
    since = models.DateTimeField("起始时间")
    until = models.DateField("截止日期", null=True)
    kinds = models.JSONField("限制种类", default=commitment_only)
    decided_by_id = models.BigIntegerField("认定账户", null=True)
    appeal = models.TextField("申诉理由", blank=True)
    appealed_at = models.DateTimeField("申诉时间", null=True)
    ruling = models.TextField("申诉决定", blank=True)
    ruled_at = models.DateTimeField("申诉决定时间", null=True)
    ruled_by = models.CharField("申诉决定人", max_length=80, blank=True)
    lifted_at = models.DateTimeField("解除时间", null=True)
    lifted_by = models.CharField("解除人", max_length=80, blank=True)
    lift_reason = models.TextField("解除理由", blank=True)

    class Meta:
        verbose_name = "承诺限制"
        indexes = [
            models.Index(
                fields=["holder_ref"], condition=Q(lifted_at__isnull=True), name="promise_bar_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.holder_ref} {self.matter_code}"


class PromiseBarRule(models.Model):
    """What breaking a kind of promise bars from (承诺限制规则), as the city sets it; told before one promises."""

    kind = models.CharField("类型", max_length=10, choices=Promise.Kind.choices, unique=True)
    days = models.PositiveSmallIntegerField("限制天数")
    scope = models.CharField("限制范围", max_length=6, default="MATTER")
    kinds = models.JSONField("限制种类", default=list)
    basis = models.CharField("依据", max_length=300, blank=True)
    is_enabled = models.BooleanField("启用", default=True)
    changed_by = models.CharField("修改人", max_length=80, blank=True)
    changed_at = models.DateTimeField("修改时间", null=True)

    class Meta:
        verbose_name = "承诺限制规则"
        constraints = [
            models.CheckConstraint(
                condition=Q(scope__in=["MATTER", "ALL"]), name="promise_bar_rule_scope"
            ),
        ]

    def __str__(self) -> str:
        return self.kind


class PromiseBreach(models.Model):
    """A broken promise, kept for the room of credit (失信记录): once for each; void when an appeal was granted."""

    promise = models.OneToOneField(
        Promise, models.PROTECT, related_name="breach", verbose_name="承诺"
    )
    holder_ref = models.CharField("承诺人", max_length=80, db_index=True)
    reason = models.TextField("理由")
    legal_basis = models.CharField("依据", max_length=300, blank=True)
    barred_until = models.DateField("限制截止日期", null=True)
    broken_at = models.DateTimeField("认定时间")
    voided_at = models.DateTimeField("失效时间", null=True)
    taken_at = models.DateTimeField("移交时间", null=True)
    taken_by = models.CharField("接收方", max_length=80, blank=True)

    class Meta:
        verbose_name = "失信记录"

    def __str__(self) -> str:
        return f"{self.promise_id} {self.holder_ref}"
