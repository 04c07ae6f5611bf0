from django.db import models
from django.db.models import Q


class ExpertPanel(models.Model):
    """A named panel of experts (专家组) that a department keeps."""

    key = models.SlugField("标识", max_length=40, unique=True)
    title = models.JSONField("名称")
    department_id = models.BigIntegerField("管理部门")
    is_open = models.BooleanField("启用", default=True)

    class Meta:
        verbose_name = "专家组"

    def __str__(self) -> str:
        return self.key


class PanelExpert(models.Model):
    """An expert of a panel (专家): a person with an account, and what they know."""

    panel = models.ForeignKey(
        ExpertPanel, models.CASCADE, related_name="experts", verbose_name="专家组"
    )
    account = models.ForeignKey(
        "identity_accounts.Account", models.PROTECT, related_name="+", verbose_name="账户"
    )
    name = models.CharField("姓名", max_length=80)
    field = models.CharField("专业", max_length=120)

    class Meta:
        verbose_name = "专家"
        constraints = [
            models.UniqueConstraint(fields=["panel", "account"], name="expert_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Consultation(models.Model):
    """A question put to other agencies or to experts (征求意见), within a limit of its own.

    subject: "application:<number>"; clock_subjects: whose clocks stand still meanwhile, on `ground`;
    join: how the opinions become one (policy, quorum, veto); ending: how the case ended with which it closed.
    """

    class State(models.TextChoices):
        OPEN = "OPEN", "征求中"
        CONCLUDED = "CONCLUDED", "已答复"
        RECALLED = "RECALLED", "已收回"
        CLOSED = "CLOSED", "随办件终结"

    number = models.CharField("征求意见编号", max_length=32, unique=True)
    subject = models.CharField("事由", max_length=120)
    branch = models.CharField("环节标识", max_length=40, blank=True)
    requirement = models.CharField("依据的评审要求", max_length=40, blank=True)
    title = models.JSONField("名称")
    question = models.TextField("征求内容")
    attachment_id = models.BigIntegerField("附件", null=True)
    join = models.JSONField("汇合规则")
    ground = models.CharField("中止事由", max_length=40, blank=True)
    clock_subjects = models.JSONField("中止的时限", default=list)
    days = models.PositiveSmallIntegerField("期限（工作日）")
    state = models.CharField("状态", max_length=9, choices=State.choices, default=State.OPEN)
    result = models.CharField("结论", max_length=6, blank=True)
    department_id = models.BigIntegerField("征求部门")
    department_name = models.CharField("征求部门名称", max_length=160)
    asked_by = models.ForeignKey(
        "identity_accounts.Account", models.PROTECT, related_name="+", verbose_name="征求人"
    )
    asked_by_name = models.CharField("征求人姓名", max_length=80)
    asked_at = models.DateTimeField("征求时间")
    due_at = models.DateTimeField("答复期限", null=True)
    warn_at = models.DateTimeField("提醒时间", null=True)
    warned_at = models.DateTimeField("已提醒", null=True)
    overdue_at = models.DateTimeField("已告知逾期", null=True)
    closed_at = models.DateTimeField("结束时间", null=True)
    note = models.CharField("收回原因", max_length=300, blank=True)
    ending = models.CharField("办件终结情形", max_length=12, null=True)

    class Meta:
        verbose_name = "征求意见"
        constraints = [
            models.CheckConstraint(
                condition=Q(state="OPEN", closed_at__isnull=True)
                | (~Q(state="OPEN") & Q(closed_at__isnull=False)),
                name="consultation_closed_once",
            ),
        ]
        indexes = [
            models.Index(fields=["subject", "id"], name="consultation_subject"),
            models.Index(fields=["department_id", "state", "-id"], name="consultation_asker"),
            models.Index(fields=["due_at"], condition=Q(state="OPEN"), name="consultation_due"),
        ]

    def __str__(self) -> str:
        return self.number


class ConsultationParty(models.Model):
    """One who is asked (被征求方): a department or an expert, with the answer and its reason."""

    class Kind(models.TextChoices):
        DEPARTMENT = "DEPARTMENT", "部门"
        EXPERT = "EXPERT", "专家"

    class State(models.TextChoices):
        WAITING = "WAITING", "待答复"
        ANSWERED = "ANSWERED", "已答复"
        ENDED = "ENDED", "不再需要"

    consultation = models.ForeignKey(
        Consultation, models.CASCADE, related_name="parties", verbose_name="征求意见"
    )
    key = models.CharField("标识", max_length=40)
    kind = models.CharField("类型", max_length=10, choices=Kind.choices)
    department_id = models.BigIntegerField("部门", null=True)
    account = models.ForeignKey(
        "identity_accounts.Account",
        models.PROTECT,
        related_name="+",
        verbose_name="专家账户",
        null=True,
    )
    name = models.JSONField("名称")
    state = models.CharField("状态", max_length=8, choices=State.choices, default=State.WAITING)
    opinion = models.CharField("意见", max_length=6, blank=True)
    answer = models.TextField("答复", blank=True)
    reason = models.TextField("理由", blank=True)
    attachment_id = models.BigIntegerField("附件", null=True)
    answered_by = models.CharField("答复人", max_length=80, blank=True)
    answered_at = models.DateTimeField("答复时间", null=True)

    class Meta:
        verbose_name = "被征求方"
        constraints = [
            models.UniqueConstraint(fields=["consultation", "key"], name="consulted_once"),
            models.CheckConstraint(
                condition=Q(kind="DEPARTMENT", department_id__isnull=False, account__isnull=True)
                | Q(kind="EXPERT", account__isnull=False, department_id__isnull=True),
                name="consulted_is_one_kind",
            ),
            models.CheckConstraint(
                condition=Q(state="ANSWERED", answered_at__isnull=False)
                | (~Q(state="ANSWERED") & Q(opinion="")),
                name="consulted_answered_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["department_id", "state", "-id"], name="consulted_department"),
            models.Index(fields=["account", "state", "-id"], name="consulted_expert"),
        ]

    def __str__(self) -> str:
        return f"{self.consultation_id} {self.key}"
