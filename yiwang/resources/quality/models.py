"""What was measured, what was found wrong, and what the monitor saw."""

from django.db import models


class QualityRun(models.Model):
    """One batch as it was judged (质量检测). counts: [{rule, judged, failed, detail}], by rule."""

    resource = models.ForeignKey(
        "resources_catalogue.Resource", models.PROTECT, related_name="+", verbose_name="信息资源"
    )
    department_id = models.BigIntegerField("提供方", null=True)
    batch_id = models.BigIntegerField("批次", unique=True)
    number = models.PositiveIntegerField("批次号")
    state = models.CharField("批次状态", max_length=10)
    mode = models.CharField("方式", max_length=8)
    at = models.DateTimeField("接收时间")
    day = models.DateField("日期")
    rows = models.BigIntegerField("行数")
    rejected = models.BigIntegerField("拒收行数")
    warned = models.BigIntegerField("提示行数")
    counts = models.JSONField("逐规则计数")
    profile = models.JSONField("批次画像", default=dict)
    faults = models.CharField("异常数据文件", max_length=300, blank=True)

    class Meta:
        verbose_name = "质量检测"
        indexes = [models.Index(fields=["resource", "-at", "-id"], name="quality_run_resource")]

    def __str__(self) -> str:
        return f"{self.resource_id}/{self.number}"


class QualityScore(models.Model):
    """One score of one day (质量得分). field "" = whole, property "" = all weighted.

    scope RESOURCE has resource and department, DEPARTMENT only the department, CITY neither.
    is_latest: no newer one of the same scope, resource, department, field and property.
    """

    class Scope(models.TextChoices):
        RESOURCE = "RESOURCE", "信息资源"
        DEPARTMENT = "DEPARTMENT", "部门"
        CITY = "CITY", "全市"

    scope = models.CharField("范围", max_length=10, choices=Scope.choices)
    resource = models.ForeignKey(
        "resources_catalogue.Resource",
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name="信息资源",
    )
    department_id = models.BigIntegerField("部门", null=True)
    day = models.DateField("日期")
    field = models.CharField("信息项", max_length=100, blank=True)
    property = models.CharField("质量特性", max_length=14, blank=True)
    judged = models.BigIntegerField("判定数")
    failed = models.BigIntegerField("不符合数")
    score = models.FloatField("得分")
    is_latest = models.BooleanField("最新", default=True)

    class Meta:
        verbose_name = "质量得分"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(score__gte=0, score__lte=100), name="quality_score_range"
            ),
        ]
        indexes = [
            models.Index(fields=["scope", "is_latest", "department_id"], name="quality_score_now"),
            models.Index(fields=["resource", "day"], name="quality_score_resource"),
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.resource_id or self.department_id or ''} {self.day}"


class QualityException(models.Model):
    """Something wrong that its supplier has to put right (异常反馈).

    rule: key of the contract's rule, of a comparison, or "objection". path: file of the rows that
    are not proved yet, relative to the data folder; first_path: of those it began with.
    """

    class State(models.TextChoices):
        OPEN = "OPEN", "未查看"
        SEEN = "SEEN", "已查看"
        ANSWERED = "ANSWERED", "已认领"
        DISPUTED = "DISPUTED", "有争议"
        FIX_SENT = "FIX_SENT", "已送更正"
        CLOSED = "CLOSED", "已办结"

    number = models.CharField("异常编号", max_length=24, unique=True, null=True)
    origin = models.CharField("来源", max_length=12)
    resource = models.ForeignKey(
        "resources_catalogue.Resource",
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name="信息资源",
    )
    department_id = models.BigIntegerField("责任部门", null=True)
    rule = models.CharField("规则", max_length=200)
    field = models.CharField("信息项", max_length=100, blank=True)
    property = models.CharField("质量特性", max_length=14, blank=True)
    title = models.CharField("名称", max_length=300)
    message = models.CharField("说明", max_length=500, blank=True)
    message_en = models.CharField("英文说明", max_length=500, blank=True)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.OPEN)
    ending = models.CharField("办结方式", max_length=10, blank=True)
    rows = models.BigIntegerField("行数", default=0)
    rows_open = models.BigIntegerField("未消除行数", default=0)
    batch_number = models.PositiveIntegerField("批次号", null=True)
    objection = models.CharField("异议编号", max_length=24, blank=True, db_index=True)
    reason = models.CharField("部门意见", max_length=2000, blank=True)
    decision = models.CharField("裁定意见", max_length=2000, blank=True)
    opened_at = models.DateTimeField("发现时间")
    due_date = models.DateField("办理期限", null=True)
    closed_at = models.DateTimeField("办结时间", null=True)
    reopened = models.PositiveIntegerField("重新打开次数", default=0)
    escalated_at = models.DateTimeField("催办时间", null=True)
    path = models.CharField("未消除行文件", max_length=300, blank=True)
    first_path = models.CharField("起始行文件", max_length=300, blank=True)

    class Meta:
        verbose_name = "异常反馈"
        constraints = [
            models.CheckConstraint(
                condition=(models.Q(state="CLOSED") & models.Q(closed_at__isnull=False))
                | (~models.Q(state="CLOSED") & models.Q(closed_at__isnull=True)),
                name="quality_exception_closed_at",
            ),
        ]
        indexes = [
            models.Index(fields=["department_id", "state", "id"], name="quality_exception_desk"),
            models.Index(fields=["resource", "rule", "state"], name="quality_exception_rule"),
            models.Index(fields=["state", "due_date"], name="quality_exception_due"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.rule}"


class QualityAlert(models.Model):
    """Something the monitor saw (监测预警). One open alert of a kind for a field of a resource."""

    class State(models.TextChoices):
        OPEN = "OPEN", "待处理"
        ACKNOWLEDGED = "ACKNOWLEDGED", "已说明"
        GONE = "GONE", "已消失"

    resource = models.ForeignKey(
        "resources_catalogue.Resource", models.PROTECT, related_name="+", verbose_name="信息资源"
    )
    department_id = models.BigIntegerField("提供方", null=True)
    kind = models.CharField("类别", max_length=8)
    field = models.CharField("信息项", max_length=100, blank=True)
    mark = models.CharField("对应批次或周期", max_length=60)
    figures = models.JSONField("数值", default=dict)
    state = models.CharField("状态", max_length=12, choices=State.choices, default=State.OPEN)
    raised_at = models.DateTimeField("发现时间")
    ended_at = models.DateTimeField("结束时间", null=True)
    reason = models.CharField("说明", max_length=1000, blank=True)
    acknowledged_by = models.BigIntegerField("说明账户", null=True)

    class Meta:
        verbose_name = "监测预警"
        constraints = [
            models.UniqueConstraint(
                fields=["resource", "kind", "field", "mark"], name="quality_alert_once"
            ),
        ]
        indexes = [models.Index(fields=["state", "-raised_at", "-id"], name="quality_alert_state")]

    def __str__(self) -> str:
        return f"{self.resource_id} {self.kind} {self.field}"
