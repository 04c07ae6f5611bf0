"""Records of licences and penalties that are published (双公示信息)."""

from django.db import models
from django.db.models import Q

from yiwang.hall.disclosure.data import KINDS, STATES
from yiwang.identity.api import PersonalDataManager, protected


class DisclosureRecord(models.Model):
    """One revision of one decision on one subject (双公示信息). A correction adds a revision; the old one stays.

    thread: what all revisions share, also when the number itself was corrected; is_current: the newest revision, which
    may still be a draft while an older one is published. key: which decision on whom (`rules.key_make`); values: all standard fields as text; errors: {field: [problem]}.
    """

    thread = models.CharField("修订链标识", max_length=32)
    key = models.CharField("信息标识", max_length=32)
    revision = models.PositiveIntegerField("修订号", default=1)
    is_current = models.BooleanField("当前修订", default=True)
    kind = models.CharField("类别", max_length=2, choices=list(KINDS.items()))
    state = models.CharField("状态", max_length=9, choices=list(STATES.items()))
    values = protected(models.JSONField("内容"), level=4)
    public_values = models.JSONField("公示内容", default=dict)
    errors = models.JSONField("校验问题", default=dict)
    search = models.TextField("检索文本", blank=True)
    subject_type = models.CharField("相对人类别", max_length=6, blank=True)
    department_id = models.BigIntegerField("决定部门")
    matter_code = models.CharField("事项编码", max_length=64, blank=True)
    period = models.CharField("公示期类别", max_length=8, blank=True)
    source = models.CharField("来源", max_length=120)
    decided_date = models.DateField("决定日期")
    due_at = models.DateTimeField("公示期限", null=True)
    published_at = models.DateTimeField("公示时间", null=True)
    first_published_at = models.DateTimeField("首次公示时间", null=True)
    publish_until = models.DateField("公示截止", null=True)
    correction_reason = models.TextField("更正理由", blank=True)
    hidden_ground = models.CharField("停止公示事由", max_length=8, blank=True)
    hidden_reason = models.TextField("停止公示理由", blank=True)
    hidden_at = models.DateTimeField("停止公示时间", null=True)
    warned_at = models.DateTimeField("提醒时间", null=True)
    entered_by = models.CharField("录入人", max_length=80)
    entered_at = models.DateTimeField("录入时间")

    objects = PersonalDataManager()

    class Meta:
        verbose_name = "双公示信息"
        constraints = [
            models.UniqueConstraint(fields=["thread", "revision"], name="disclosure_revision_once"),
            models.UniqueConstraint(
                fields=["thread"], condition=Q(is_current=True), name="disclosure_newest_once"
            ),
            models.UniqueConstraint(
                fields=["thread"], condition=Q(state="PUBLISHED"), name="disclosure_shown_once"
            ),
            models.UniqueConstraint(
                fields=["key"], condition=Q(is_current=True), name="disclosure_current_once"
            ),
            models.CheckConstraint(
                condition=~Q(state="PUBLISHED") | Q(published_at__isnull=False),
                name="disclosure_published_dated",
            ),
            models.CheckConstraint(
                condition=~Q(state="HIDDEN") | (Q(hidden_at__isnull=False) & ~Q(hidden_ground="")),
                name="disclosure_hidden_with_ground",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-decided_date", "-id"], name="disclosure_public"),
            models.Index(fields=["department_id", "state", "due_at"], name="disclosure_department"),
            models.Index(fields=["state", "publish_until"], name="disclosure_until"),
            models.Index(fields=["decided_date", "department_id"], name="disclosure_timely"),
        ]

    def __str__(self) -> str:
        return f"{self.key} r{self.revision} {self.state}"
