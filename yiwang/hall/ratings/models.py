"""Ratings of what the city did for somebody, and the work that bad ones open (好差评)."""

from django.db import models
from django.db.models import Q

from yiwang.identity.api import PersonalDataManager, protected


class Rating(models.Model):
    """One rating of one finished matter or one visit (评价). The first word stays as it was given."""

    class Channel(models.TextChoices):
        ONLINE = "ONLINE", "网上"
        ON_SITE = "ON_SITE", "现场"

    class Level(models.TextChoices):
        VERY_SATISFIED = "VERY_SATISFIED", "非常满意"
        SATISFIED = "SATISFIED", "满意"
        FAIRLY_SATISFIED = "FAIRLY_SATISFIED", "基本满意"
        DISSATISFIED = "DISSATISFIED", "不满意"
        VERY_DISSATISFIED = "VERY_DISSATISFIED", "非常不满意"

    subject = models.CharField("评价对象", max_length=120, unique=True)
    channel = models.CharField("渠道", max_length=7, choices=Channel.choices)
    title = models.JSONField("事项名称")
    matter_code = models.CharField("事项编码", max_length=64)
    place = models.CharField("评价地点", max_length=40, blank=True)
    department_id = models.BigIntegerField("承办部门")
    rater_ref = protected(models.CharField("评价人", max_length=80), level=3)
    account_id = models.BigIntegerField("评价账户", null=True)
    level = models.CharField("评价等次", max_length=17, choices=Level.choices)
    indicators = models.JSONField("分项评价", default=dict)
    text = models.TextField("评价内容", blank=True)
    is_counted = models.BooleanField("计入统计", default=True)
    follow_up = models.CharField("追评等次", max_length=17, choices=Level.choices, blank=True)
    follow_up_text = models.TextField("追评内容", blank=True)
    follow_up_at = models.DateTimeField("追评时间", null=True)
    at = models.DateTimeField("评价时间")

    objects = PersonalDataManager()

    class Meta:
        verbose_name = "评价"
        indexes = [
            models.Index(fields=["department_id", "-at"], name="rating_department"),
            models.Index(fields=["rater_ref", "-id"], name="rating_rater"),
            models.Index(fields=["place", "-at"], condition=~Q(place=""), name="rating_place"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.level}"


class RatingCase(models.Model):
    """What a bad rating opened (差评整改): call back, put right, or show that it was a mistake."""

    class State(models.TextChoices):
        OPEN = "OPEN", "待回访"
        CONTACTED = "CONTACTED", "待整改"
        APPEALED = "APPEALED", "申诉中"
        RECTIFIED = "RECTIFIED", "已整改"
        MISTAKEN = "MISTAKEN", "误评"

    rating = models.OneToOneField(Rating, models.PROTECT, related_name="case", verbose_name="评价")
    department_id = models.BigIntegerField("责任部门")
    state = models.CharField("状态", max_length=9, choices=State.choices, default=State.OPEN)
    contact_due_at = models.DateTimeField("回访期限", null=True)
    rectify_due_at = models.DateTimeField("整改期限", null=True)
    contacted_at = models.DateTimeField("回访时间", null=True)
    contact_note = models.TextField("回访情况", blank=True)
    rectified_at = models.DateTimeField("整改时间", null=True)
    measures = models.TextField("整改措施", blank=True)
    appeal = models.TextField("申诉理由", blank=True)
    appealed_by_id = models.BigIntegerField("申诉人", null=True)
    decision = models.TextField("申诉决定", blank=True)
    opened_at = models.DateTimeField("立案时间")

    class Meta:
        verbose_name = "差评整改"
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["OPEN", "APPEALED", "MISTAKEN"])
                | Q(contacted_at__isnull=False),
                name="rating_case_called_back",
            ),
        ]
        indexes = [
            models.Index(
                fields=["department_id", "state", "rectify_due_at"], name="rating_case_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rating_id} {self.state}"
