"""Rules, cards and what was said about them (电子监察). Nothing here names an applicant."""

from django.db import models

from yiwang.hall.supervision.data import CANCELLED, LEVELS, STATES, TRIGGERS


class SupervisionRule(models.Model):
    """One version of a rule (监察规则): in force from valid_from until before valid_to."""

    key = models.CharField("规则编号", max_length=40)
    title = models.JSONField("名称")
    trigger = models.CharField("触发情形", max_length=24)
    level = models.CharField("监察等级", max_length=8)
    over_days = models.PositiveSmallIntegerField("超期工作日", default=0)
    nodes = models.JSONField("适用环节", default=list)
    reply_days = models.PositiveSmallIntegerField("答复期限（工作日）", default=0)
    points = models.PositiveSmallIntegerField("扣分", default=0)
    basis = models.CharField("依据", max_length=300, blank=True)
    is_enabled = models.BooleanField("启用", default=True)
    valid_from = models.DateField("生效日期")
    valid_to = models.DateField("失效日期", null=True)
    changed_by = models.CharField("修改人", max_length=80, blank=True)

    class Meta:
        verbose_name = "监察规则"
        ordering = ["key", "valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["key", "valid_from"], name="supervision_rule_from"),
            models.UniqueConstraint(
                fields=["key"],
                condition=models.Q(valid_to=None),
                name="supervision_rule_one_open",
            ),
            models.CheckConstraint(
                condition=models.Q(trigger__in=list(TRIGGERS)), name="supervision_rule_trigger"
            ),
            models.CheckConstraint(
                condition=models.Q(level__in=list(LEVELS)), name="supervision_rule_level"
            ),
            models.CheckConstraint(
                condition=models.Q(valid_to=None) | models.Q(valid_to__gt=models.F("valid_from")),
                name="supervision_rule_span",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.valid_from}"


class SupervisionFact(models.Model):
    """A violation that was found or reported (监察事实), on which the rules then act."""

    trigger = models.CharField("情形", max_length=24)
    case_key = models.CharField("办件", max_length=120, blank=True)
    number = models.CharField("办件编号", max_length=80, blank=True)
    title = models.JSONField("事项名称", default=dict)
    step = models.JSONField("环节", default=dict)
    department_id = models.BigIntegerField("责任部门")
    officer_id = models.BigIntegerField("责任人", null=True)
    description = models.CharField("事实", max_length=1000)
    source = models.CharField("来源", max_length=120)
    occurred_at = models.DateTimeField("发生时间")
    recorded_at = models.DateTimeField("登记时间")
    recorded_by = models.CharField("登记人", max_length=80, blank=True)

    class Meta:
        verbose_name = "监察事实"
        constraints = [
            models.UniqueConstraint(fields=["source"], name="supervision_fact_source"),
            models.CheckConstraint(
                condition=models.Q(trigger__in=list(TRIGGERS)), name="supervision_fact_trigger"
            ),
        ]
        indexes = [models.Index(fields=["trigger", "id"], name="supervision_fact_trigger_id")]

    def __str__(self) -> str:
        return f"{self.trigger} {self.number}"


class SupervisionLetter(models.Model):
    """A supervision letter (监察建议书) to a department, with what it must change and by when."""

    department_id = models.BigIntegerField("部门")
    text = models.TextField("建议")
    basis = models.CharField("依据", max_length=300, blank=True)
    quarter = models.CharField("季度", max_length=6, blank=True)
    issued_at = models.DateTimeField("发出时间")
    issued_by = models.CharField("签发人", max_length=80)
    reply_due_at = models.DateTimeField("答复期限", null=True)
    reply = models.TextField("整改情况", blank=True)
    replied_at = models.DateTimeField("答复时间", null=True)
    replied_by = models.CharField("答复人", max_length=80, blank=True)

    class Meta:
        verbose_name = "监察建议书"
        ordering = ["-issued_at", "-id"]

    def __str__(self) -> str:
        return f"{self.department_id} {self.issued_at:%Y-%m-%d}"


class SupervisionCard(models.Model):
    """A warning, yellow or red card (监察牌). One for each rule, subject and period, for ever."""

    rule = models.ForeignKey(
        SupervisionRule, models.PROTECT, related_name="cards", verbose_name="规则版本"
    )
    rule_key = models.CharField("规则编号", max_length=40)
    trigger = models.CharField("触发情形", max_length=24)
    level = models.CharField("等级", max_length=8)
    severity = models.PositiveSmallIntegerField("轻重")
    points = models.PositiveSmallIntegerField("扣分", default=0)
    subject = models.CharField("对象", max_length=120)
    period = models.CharField("期次", max_length=32, blank=True)
    case_key = models.CharField("办件", max_length=120, blank=True)
    number = models.CharField("办件编号", max_length=80, blank=True)
    title_zh = models.CharField("事项名称", max_length=200, blank=True)
    title_en = models.CharField("事项英文名称", max_length=240, blank=True)
    step_zh = models.CharField("环节", max_length=120, blank=True)
    step_en = models.CharField("环节英文名称", max_length=160, blank=True)
    department_id = models.BigIntegerField("责任部门", null=True)
    officer_id = models.BigIntegerField("责任人", null=True)
    due_at = models.DateTimeField("应办结时间", null=True)
    issued_at = models.DateTimeField("发出时间")
    reply_due_at = models.DateTimeField("答复期限", null=True)
    state = models.CharField("状态", max_length=10, default="OPEN")
    reply = models.TextField("答复", blank=True)
    replied_at = models.DateTimeField("答复时间", null=True)
    appeal = models.TextField("申诉理由", blank=True)
    appealed_at = models.DateTimeField("申诉时间", null=True)
    decide_by = models.DateTimeField("申诉决定期限", null=True)
    decision = models.TextField("监察决定", blank=True)
    decided_at = models.DateTimeField("决定时间", null=True)
    decided_by = models.CharField("决定人", max_length=80, blank=True)
    told_at = models.DateTimeField("通知时间", null=True)

    class Meta:
        verbose_name = "监察牌"
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "rule_key", "period"], name="supervision_card_once"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=list(STATES)), name="supervision_card_state"
            ),
            models.CheckConstraint(
                condition=~models.Q(state=CANCELLED) | ~models.Q(decision=""),
                name="supervision_card_cancel_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["trigger", "due_at"], name="supervision_card_trigger"),
            models.Index(fields=["issued_at", "id"], name="supervision_card_issued"),
            models.Index(fields=["department_id", "issued_at"], name="supervision_card_dept"),
            models.Index(fields=["officer_id", "state", "issued_at"], name="supervision_card_mine"),
            models.Index(fields=["case_key"], name="supervision_card_case"),
            models.Index(
                fields=["id"], name="supervision_card_untold", condition=models.Q(told_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.rule_key}"

    @property
    def code(self) -> str:
        """The supervision number (监察编号): year, level and serial."""
        return f"{self.issued_at:%Y}{self.level[0]}{self.pk:08d}"


class SupervisionCardEvent(models.Model):
    """What happened to a card (监察牌流转), in order."""

    card = models.ForeignKey(
        SupervisionCard, models.CASCADE, related_name="events", verbose_name="监察牌"
    )
    kind = models.CharField("类别", max_length=12)
    at = models.DateTimeField("时间")
    actor_name = models.CharField("操作人", max_length=80, blank=True)
    text = models.TextField("内容", blank=True)

    class Meta:
        verbose_name = "监察牌流转"
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.card_id} {self.kind}"


class BoardCell(models.Model):
    """Open steps of one matter in one department when last counted (监察看板格)."""

    department_id = models.BigIntegerField("部门")
    title_zh = models.CharField("事项名称", max_length=200)
    title_en = models.CharField("事项英文名称", max_length=240, blank=True)
    green = models.PositiveIntegerField("正常")
    yellow = models.PositiveIntegerField("临期")
    red = models.PositiveIntegerField("超期")
    undated = models.PositiveIntegerField("未定期")
    counted_at = models.DateTimeField("统计时间")

    class Meta:
        verbose_name = "监察看板格"
        constraints = [
            models.UniqueConstraint(fields=["department_id", "title_zh"], name="board_cell_once"),
        ]

    def __str__(self) -> str:
        return f"{self.department_id} {self.title_zh}"


class FlowReport(models.Model):
    """How the cases of a month really went (流程分析报告): against the models, by step, by department.

    content: {versions: [...], steps: [...], departments: [...]} as `flow.py` counts them.
    """

    month = models.CharField("月份", max_length=7, unique=True)
    content = models.JSONField("内容")
    counted_at = models.DateTimeField("统计时间")

    class Meta:
        verbose_name = "流程分析报告"

    def __str__(self) -> str:
        return self.month
