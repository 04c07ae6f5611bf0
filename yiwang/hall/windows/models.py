"""Windows that take any matter for any department, and what is taken at them (综合窗口、全市通办)."""

from django.db import models
from django.db.models import F, Q

from yiwang.identity.api import PersonalDataManager, protected


class Window(models.Model):
    """A service window (服务窗口): in a hall, or of a community.

    matters: codes of the only matters it takes; empty: all that its kind takes.
    """

    class Kind(models.TextChoices):
        HALL = "HALL", "大厅综合窗口"
        COMMUNITY = "COMMUNITY", "社区窗口"

    code = models.CharField("窗口编号", max_length=20, unique=True)
    title = models.JSONField("窗口名称")
    kind = models.CharField("窗口类型", max_length=9, choices=Kind.choices)
    department = models.ForeignKey(
        "identity_organisations.Department",
        models.PROTECT,
        related_name="+",
        verbose_name="设窗单位",
    )
    area_code = models.CharField("行政区划", max_length=12)
    address = models.CharField("地址", max_length=200)
    matters = models.JSONField("受理事项", default=list)
    evaluator_key = models.CharField("评价器密钥", max_length=40, unique=True)
    is_open = models.BooleanField("启用", default=True)

    class Meta:
        verbose_name = "服务窗口"
        indexes = [models.Index(fields=["area_code", "code"], name="window_area")]

    def __str__(self) -> str:
        return self.code


class Visit(models.Model):
    """Somebody at a window (窗口来访), identified; what the clerk may do for them ends with it."""

    number = models.CharField("来访编号", max_length=24, unique=True)
    window = models.ForeignKey(Window, models.PROTECT, related_name="visits", verbose_name="窗口")
    clerk_id = models.BigIntegerField("窗口人员")
    clerk_name = models.CharField("窗口人员姓名", max_length=80)
    visitor_ref = models.CharField("来访人", max_length=80)
    visitor_name = protected(models.CharField("来访人姓名", max_length=80), level=3)
    applicant_ref = models.CharField("申请人", max_length=80)
    applicant_name = protected(models.CharField("申请人名称", max_length=160), level=3)
    purpose = models.CharField("来访目的", max_length=100)
    rating_code = models.CharField("评价码", max_length=12, unique=True)
    opened_at = models.DateTimeField("开始时间")
    expires_at = models.DateTimeField("失效时间")
    ended_at = models.DateTimeField("结束时间", null=True)
    rating_asked_at = models.DateTimeField("请评时间", null=True)
    ticket_id = models.BigIntegerField("号票", null=True)

    objects = PersonalDataManager()

    class Meta:
        verbose_name = "窗口来访"
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("opened_at")), name="visit_expires_later"
            ),
        ]
        indexes = [
            models.Index(fields=["window", "-opened_at"], name="visit_window"),
            models.Index(
                fields=["expires_at"], condition=Q(ended_at__isnull=True), name="visit_open"
            ),
            models.Index(fields=["visitor_ref", "-id"], name="visit_visitor"),
            models.Index(
                fields=["ticket_id"], condition=Q(ticket_id__isnull=False), name="visit_ticket"
            ),
        ]

    def __str__(self) -> str:
        return self.number


class Taking(models.Model):
    """An application taken in at a window (窗口收件). No name of the applicant stands here."""

    number = models.CharField("办件编号", max_length=50, unique=True)
    query_code = models.CharField("查询码", max_length=12)
    receipt_hash = models.CharField("回执摘要", max_length=64)
    visit = models.ForeignKey(Visit, models.PROTECT, related_name="takings", verbose_name="来访")
    window = models.ForeignKey(Window, models.PROTECT, related_name="takings", verbose_name="窗口")
    matter_code = models.CharField("事项编码", max_length=64)
    title = models.JSONField("事项名称")
    department_id = models.BigIntegerField("承办部门")
    area_code = models.CharField("承办区划", max_length=12)
    is_elsewhere = models.BooleanField("跨区通办", default=False)
    delegation_id = models.BigIntegerField("委托", null=True)
    taken_at = models.DateTimeField("收件时间")

    class Meta:
        verbose_name = "窗口收件"
        indexes = [
            models.Index(fields=["window", "-taken_at"], name="taking_window"),
            models.Index(fields=["-taken_at"], name="taking_newest"),
        ]

    def __str__(self) -> str:
        return self.number


class HandOver(models.Model):
    """Papers that go from a window to a department (材料交接单), signed for on both sides."""

    number = models.CharField("交接单号", max_length=24, unique=True)
    window = models.ForeignKey(
        Window, models.PROTECT, related_name="hand_overs", verbose_name="移交窗口"
    )
    department_id = models.BigIntegerField("接收部门")
    handed_by = models.CharField("移交人", max_length=80)
    handed_at = models.DateTimeField("移交时间")
    received_by = models.CharField("接收人", max_length=80, blank=True)
    received_at = models.DateTimeField("接收时间", null=True)
    note = models.CharField("备注", max_length=300, blank=True)

    class Meta:
        verbose_name = "材料交接单"
        indexes = [
            models.Index(fields=["department_id", "received_at"], name="hand_over_department"),
            models.Index(fields=["window", "-id"], name="hand_over_window"),
        ]

    def __str__(self) -> str:
        return self.number


class Original(models.Model):
    """A paper kept at the window for an application (留存纸质材料), until a department has it."""

    class State(models.TextChoices):
        HELD = "HELD", "在窗口"
        SENT = "SENT", "移交中"
        RECEIVED = "RECEIVED", "部门已接收"
        MISSING = "MISSING", "交接缺件"

    taking = models.ForeignKey(
        Taking, models.PROTECT, related_name="originals", verbose_name="窗口收件"
    )
    title = models.CharField("材料名称", max_length=120)
    copies = models.PositiveSmallIntegerField("份数", default=1)
    is_copy = models.BooleanField("复印件", default=False)
    state = models.CharField("状态", max_length=8, choices=State.choices, default=State.HELD)
    hand_over = models.ForeignKey(
        HandOver, models.PROTECT, null=True, related_name="items", verbose_name="交接单"
    )

    class Meta:
        verbose_name = "留存纸质材料"
        constraints = [
            models.CheckConstraint(condition=Q(copies__gte=1), name="original_at_least_one"),
            models.CheckConstraint(
                condition=Q(state="HELD") | Q(hand_over__isnull=False),
                name="original_on_a_list_once_sent",
            ),
        ]
        indexes = [
            models.Index(fields=["taking"], condition=Q(state="HELD"), name="original_held"),
        ]

    def __str__(self) -> str:
        return f"{self.taking_id} {self.title}"
