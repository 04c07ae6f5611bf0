"""Investment projects and their approvals (投资项目与审批事项)."""

from django.db import models
from django.db.models import Q


class Project(models.Model):
    """An investment project with its one code (投资项目). Every approval and application of it carries the code."""

    class State(models.TextChoices):
        ACTIVE = "ACTIVE", "办理中"
        COMPLETED = "COMPLETED", "已竣工"
        CANCELLED = "CANCELLED", "已终止"

    class Kind(models.TextChoices):
        FILE = "FILE", "备案类"
        VERIFY = "VERIFY", "核准类"
        APPROVE = "APPROVE", "审批类"

    class Funding(models.TextChoices):
        ENTERPRISE = "ENTERPRISE", "企业投资"
        GOVERNMENT = "GOVERNMENT", "政府投资"

    class Use(models.TextChoices):
        INDUSTRIAL = "INDUSTRIAL", "工业"
        HOUSING = "HOUSING", "住宅"
        COMMERCIAL = "COMMERCIAL", "商业"
        PUBLIC = "PUBLIC", "公共服务"

    code = models.CharField("项目代码", max_length=24, unique=True)
    name = models.CharField("项目名称", max_length=120)
    kind = models.CharField("项目类型", max_length=8, choices=Kind.choices)
    kind_reason = models.JSONField("类型理由", default=dict)
    funding = models.CharField(
        "资金来源", max_length=10, choices=Funding.choices, default=Funding.ENTERPRISE
    )
    catalogue = models.CharField("核准目录", max_length=20, default="NONE")
    use = models.CharField("用途", max_length=10, choices=Use.choices)
    investor_ref = models.CharField("投资主体", max_length=80)
    investor_name = models.CharField("投资主体名称", max_length=160)
    account_id = models.BigIntegerField("登记账户", null=True)
    lead = models.ForeignKey(
        "identity_organisations.Department",
        models.PROTECT,
        related_name="+",
        verbose_name="牵头部门",
    )
    area_code = models.CharField("行政区划", max_length=12)
    address = models.CharField("建设地点", max_length=200)
    investment_wan = models.DecimalField("总投资（万元）", max_digits=16, decimal_places=2)
    land_m2 = models.DecimalField("用地面积（平方米）", max_digits=14, decimal_places=2)
    building_m2 = models.DecimalField("建筑面积（平方米）", max_digits=14, decimal_places=2)
    needs_eia = models.BooleanField("需环评审批", default=False)
    start_planned = models.DateField("计划开工日期")
    finish_planned = models.DateField("计划竣工日期")
    state = models.CharField("状态", max_length=9, choices=State.choices, default=State.ACTIVE)
    flags = models.JSONField("预警", default=list)
    is_off_track = models.BooleanField("滞后", default=False)
    reminded = models.JSONField("已提醒的报告", default=list)
    ended_at = models.DateTimeField("终止时间", null=True)
    end_reason = models.CharField("终止原因", max_length=500, blank=True)
    created_at = models.DateTimeField("赋码时间")
    watched_at = models.DateTimeField("核对时间", null=True)
    is_made = models.BooleanField("演示数据", default=False)

    class Meta:
        verbose_name = "投资项目"
        indexes = [
            models.Index(fields=["investor_ref", "-id"], name="project_investor"),
            models.Index(fields=["lead", "is_off_track", "-id"], name="project_lead"),
            models.Index(fields=["state", "watched_at"], name="project_watch"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(finish_planned__gt=models.F("start_planned")),
                name="project_finish_after_start",
            ),
            models.CheckConstraint(
                condition=Q(state="CANCELLED", ended_at__isnull=False) & ~Q(end_reason="")
                | ~Q(state="CANCELLED") & Q(ended_at__isnull=True, end_reason=""),
                name="project_ended_with_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class ProjectApproval(models.Model):
    """One approval that a project needs (项目审批事项), and the application that asks for it."""

    class State(models.TextChoices):
        NOT_STARTED = "NOT_STARTED", "未申报"
        APPLIED = "APPLIED", "办理中"
        GRANTED = "GRANTED", "已通过"
        REFUSED = "REFUSED", "未通过"

    project = models.ForeignKey(
        Project, models.CASCADE, related_name="approvals", verbose_name="投资项目"
    )
    key = models.CharField("事项", max_length=20)
    matter_code = models.CharField("事项编码", max_length=64)
    department = models.ForeignKey(
        "identity_organisations.Department",
        models.PROTECT,
        related_name="+",
        verbose_name="审批部门",
    )
    state = models.CharField("状态", max_length=11, choices=State.choices, default="NOT_STARTED")
    application_number = models.CharField("办件编号", max_length=50, blank=True)
    superseded = models.JSONField("变更前的办件", default=list)
    ready_at = models.DateTimeField("可申报时间", null=True)
    applied_at = models.DateTimeField("申报时间", null=True)
    decided_at = models.DateTimeField("办结时间", null=True)

    class Meta:
        verbose_name = "项目审批事项"
        constraints = [
            models.UniqueConstraint(fields=["project", "key"], name="project_approval_once"),
            models.UniqueConstraint(
                fields=["application_number"],
                condition=~Q(application_number=""),
                name="project_application_once",
            ),
            models.CheckConstraint(
                condition=Q(state="NOT_STARTED") | ~Q(application_number=""),
                name="project_approval_has_application",
            ),
        ]
        indexes = [models.Index(fields=["department", "project"], name="project_approval_dept")]

    def __str__(self) -> str:
        return f"{self.project_id} {self.key}"


class ProjectReport(models.Model):
    """What the investor reports of a project (项目报告): its start, its progress of a period, its completion.

    invested_wan: all that was invested so far; percent: of the works. period: "2027-03", "2027-Q1", or "".
    """

    class Kind(models.TextChoices):
        START = "START", "开工"
        PROGRESS = "PROGRESS", "进度"
        COMPLETION = "COMPLETION", "竣工"

    project = models.ForeignKey(
        Project, models.CASCADE, related_name="reports", verbose_name="投资项目"
    )
    kind = models.CharField("类型", max_length=10, choices=Kind.choices)
    period = models.CharField("报告期", max_length=7, blank=True)
    as_of_date = models.DateField("截止日期")
    due_date = models.DateField("报告期限")
    invested_wan = models.DecimalField("累计完成投资（万元）", max_digits=16, decimal_places=2)
    percent = models.DecimalField("形象进度（%）", max_digits=5, decimal_places=2)
    works = models.CharField("进展情况", max_length=1000, blank=True)
    problems = models.CharField("存在问题", max_length=1000, blank=True)
    account_id = models.BigIntegerField("填报账户", null=True)
    reported_at = models.DateTimeField("填报时间")

    class Meta:
        verbose_name = "项目报告"
        constraints = [
            models.UniqueConstraint(
                fields=["project", "kind", "period"], name="project_report_once"
            ),
            models.CheckConstraint(
                condition=Q(percent__gte=0, percent__lte=100, invested_wan__gte=0),
                name="project_report_figures",
            ),
            models.CheckConstraint(
                condition=Q(kind="PROGRESS") & ~Q(period="") | ~Q(kind="PROGRESS") & Q(period=""),
                name="project_report_period",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project_id} {self.kind} {self.period}"


class ProjectChange(models.Model):
    """A change of a project (项目变更): what was and is, why, and which approvals are needed again.

    A change of the investor is offered to the other company and holds when it accepts.
    """

    class State(models.TextChoices):
        DONE = "DONE", "已变更"
        OFFERED = "OFFERED", "待对方接受"
        DECLINED = "DECLINED", "对方未接受"
        RECALLED = "RECALLED", "已收回"

    project = models.ForeignKey(
        Project, models.CASCADE, related_name="changes", verbose_name="投资项目"
    )
    state = models.CharField("状态", max_length=8, choices=State.choices, default=State.DONE)
    values = models.JSONField("变更内容")
    again = models.JSONField("须重新办理", default=list)
    reason = models.CharField("变更原因", max_length=500)
    to_ref = models.CharField("受让主体", max_length=80, blank=True)
    account_id = models.BigIntegerField("变更账户", null=True)
    changed_at = models.DateTimeField("变更时间")
    answered_at = models.DateTimeField("答复时间", null=True)

    class Meta:
        verbose_name = "项目变更"
        constraints = [
            models.UniqueConstraint(
                fields=["project"], condition=Q(state="OFFERED"), name="project_offered_once"
            ),
            models.CheckConstraint(
                condition=Q(state="DONE") | ~Q(to_ref=""), name="project_offer_has_company"
            ),
        ]
        indexes = [
            models.Index(
                fields=["to_ref", "-id"], condition=Q(state="OFFERED"), name="project_offered_to"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project_id} {self.state}"


class ProjectYear(models.Model):
    """What is planned to be invested in a year of a project (年度投资计划), beside what its reports say."""

    project = models.ForeignKey(
        Project, models.CASCADE, related_name="years", verbose_name="投资项目"
    )
    year = models.PositiveSmallIntegerField("年度")
    planned_wan = models.DecimalField("计划投资（万元）", max_digits=16, decimal_places=2)
    works = models.CharField("年度建设内容", max_length=500, blank=True)
    account_id = models.BigIntegerField("填报账户", null=True)
    planned_at = models.DateTimeField("填报时间")

    class Meta:
        verbose_name = "年度投资计划"
        constraints = [
            models.UniqueConstraint(fields=["project", "year"], name="project_year_once"),
            models.CheckConstraint(
                condition=Q(planned_wan__gte=0), name="project_year_not_below_zero"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project_id} {self.year}"
