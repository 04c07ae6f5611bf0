from django.db import models

from yiwang.engines.clocks.data import (
    APPROVERS,
    CALENDAR_NOT_PUBLISHED,
    DATED,
    KINDS,
    PAUSED,
    SILENCES,
    UNITS,
)

IS_OPEN = models.Q(stopped_at=None)


class Clock(models.Model):
    """One limit of one subject (时限). The due columns mirror what the facts give by the rules."""

    subject = models.CharField("对象", max_length=120)
    kind = models.CharField("种类", max_length=12)
    label = models.JSONField("名称")
    amount = models.PositiveIntegerField("时限")
    unit = models.CharField("单位", max_length=12)
    started_at = models.DateTimeField("起算时间")
    stopped_at = models.DateTimeField("终止时间", null=True)
    department_id = models.BigIntegerField("责任部门", null=True)
    area_code = models.CharField("区划代码", max_length=12, blank=True)
    legal_basis = models.CharField("法律依据", max_length=300, blank=True)
    extension_max = models.PositiveIntegerField("法定最长延长", null=True)
    policy = models.CharField("时限依据代码", max_length=32, blank=True, default="")
    approver = models.CharField("延长批准层级", max_length=20, blank=True, default="")
    silence = models.CharField("逾期默认", max_length=20, blank=True, default="")
    silent_at = models.DateTimeField("默认生效时间", null=True)
    due_at = models.DateTimeField("到期时间", null=True)
    due_state = models.CharField("到期状态", max_length=24)
    missing_year = models.SmallIntegerField("缺少的年度", null=True)

    class Meta:
        verbose_name = "时限"
        indexes = [
            models.Index(fields=["subject", "id"], name="clock_subject"),
            models.Index(fields=["due_at", "id"], name="clock_open_due", condition=IS_OPEN),
            models.Index(fields=["due_state", "id"], name="clock_open_state", condition=IS_OPEN),
            models.Index(
                fields=["due_at", "id"],
                name="clock_silence_due",
                condition=IS_OPEN & ~models.Q(silence="") & models.Q(silent_at=None),
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=KINDS), name="clock_kind"),
            models.CheckConstraint(condition=models.Q(unit__in=UNITS), name="clock_unit"),
            models.CheckConstraint(
                condition=models.Q(silence__in=["", *SILENCES]), name="clock_silence"
            ),
            models.CheckConstraint(
                condition=models.Q(approver__in=["", *APPROVERS]), name="clock_approver"
            ),
            models.CheckConstraint(
                condition=models.Q(due_state=DATED, due_at__isnull=False, missing_year=None)
                | models.Q(due_state=PAUSED, due_at=None, missing_year=None)
                | models.Q(
                    due_state=CALENDAR_NOT_PUBLISHED, due_at=None, missing_year__isnull=False
                ),
                name="clock_due_mirror",
            ),
            models.CheckConstraint(
                condition=models.Q(stopped_at=None)
                | models.Q(stopped_at__gte=models.F("started_at")),
                name="clock_stop_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.kind} {self.amount} {self.unit}"


class ClockPause(models.Model):
    """Time that does not count (时限中止), on a listed ground, with its document."""

    clock = models.ForeignKey(Clock, models.CASCADE, related_name="pauses", verbose_name="时限")
    ground = models.CharField("中止事由", max_length=32)
    document = models.CharField("文书", max_length=200)
    note = models.CharField("理由", max_length=500, blank=True, default="")
    expected_days = models.PositiveSmallIntegerField("告知所需工作日", null=True)
    paused_at = models.DateTimeField("中止时间")
    resumed_at = models.DateTimeField("恢复时间", null=True)

    class Meta:
        verbose_name = "时限中止"
        ordering = ["paused_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["clock", "ground"],
                condition=models.Q(resumed_at=None),
                name="clock_pause_open_ground",
            ),
            models.CheckConstraint(
                condition=models.Q(resumed_at=None)
                | models.Q(resumed_at__gte=models.F("paused_at")),
                name="clock_resume_after_pause",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ground} {self.paused_at:%Y-%m-%d}"


class ClockExtension(models.Model):
    """Time granted on top (时限延长), with reason and approver."""

    clock = models.ForeignKey(Clock, models.CASCADE, related_name="extensions", verbose_name="时限")
    amount = models.PositiveIntegerField("延长")
    reason = models.CharField("理由", max_length=500)
    approver_account_id = models.BigIntegerField("批准人")
    approver_level = models.CharField("批准层级", max_length=20, blank=True, default="")
    extended_at = models.DateTimeField("延长时间")

    class Meta:
        verbose_name = "时限延长"
        ordering = ["extended_at", "id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="clock_extension_amount")
        ]

    def __str__(self) -> str:
        return f"+{self.amount}"
