"""Ratings of what the city did for somebody, and the work that bad ones open (好差评)."""

from django.db import models
from django.db.models import Q

from yiwang.hall.ratings.data import GAMING_KINDS
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
    # What shows ratings that were made up (刷评): null where it is not known, or of before.
    officer_id = models.BigIntegerField("承办人", null=True)
    acted_at = models.DateTimeField("办结时间", null=True)
    outcome = models.CharField("办理结果", max_length=4, null=True)
    device = models.CharField("设备摘要", max_length=32, null=True)
    text_digest = models.CharField("内容摘要", max_length=32, null=True)
    given_by_id = models.BigIntegerField("工作人员账户", null=True)

    objects = PersonalDataManager()

    class Meta:
        verbose_name = "评价"
        indexes = [
            models.Index(fields=["department_id", "-at"], name="rating_department"),
            models.Index(fields=["rater_ref", "-id"], name="rating_rater"),
            models.Index(fields=["place", "-at"], condition=~Q(place=""), name="rating_place"),
            models.Index(fields=["at"], condition=Q(acted_at__isnull=False), name="rating_traced"),
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


class GamingRule(models.Model):
    """What makes ratings suspicious (刷评规则): a city edits the thresholds, findings keep those they were found by."""

    key = models.CharField("规则编号", max_length=40, unique=True)
    title = models.JSONField("名称")
    kind = models.CharField("情形", max_length=16)
    count_min = models.PositiveIntegerField("最少条数", default=0)
    minutes = models.PositiveIntegerField("分钟数", default=0)
    seconds = models.PositiveIntegerField("秒数", default=0)
    share = models.PositiveSmallIntegerField("相差百分点", default=0)
    days = models.PositiveSmallIntegerField("回看天数", default=7)
    basis = models.CharField("依据", max_length=300, blank=True)
    is_enabled = models.BooleanField("启用", default=True)
    changed_by = models.CharField("修改人", max_length=80, blank=True)
    changed_at = models.DateTimeField("修改时间", null=True)

    class Meta:
        verbose_name = "刷评规则"
        ordering = ["key"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=list(GAMING_KINDS)), name="gaming_rule_kind"
            ),
            models.CheckConstraint(condition=Q(days__gte=1), name="gaming_rule_days"),
        ]

    def __str__(self) -> str:
        return self.key


class GamingFinding(models.Model):
    """Ratings of one department that a rule found suspicious (刷评线索). A person decides what they count for.

    subject: what they have in common, such as "place:W01", "officer:7", "device:ab12…"; never the rater.
    """

    class State(models.TextChoices):
        OPEN = "OPEN", "待认定"
        KEPT = "KEPT", "予以保留"
        LEFT_OUT = "LEFT_OUT", "不计入排行"
        APPEALED = "APPEALED", "申诉中"

    rule_key = models.CharField("规则编号", max_length=40)
    kind = models.CharField("情形", max_length=16)
    thresholds = models.JSONField("发现时的阈值", default=dict)
    subject = models.CharField("共同点", max_length=80)
    department_id = models.BigIntegerField("部门")
    since_at = models.DateTimeField("起始时间")
    until_at = models.DateTimeField("截止时间")
    ratings = models.PositiveIntegerField("评价条数", default=0)
    satisfied = models.PositiveIntegerField("满意条数", default=0)
    figures = models.JSONField("数据", default=dict)
    state = models.CharField("状态", max_length=8, choices=State.choices, default=State.OPEN)
    found_at = models.DateTimeField("发现时间")
    reason = models.TextField("认定理由", blank=True)
    decided_at = models.DateTimeField("认定时间", null=True)
    decided_by_id = models.BigIntegerField("认定人", null=True)
    decided_by = models.CharField("认定人姓名", max_length=80, blank=True)
    appeal = models.TextField("申诉理由", blank=True)
    appealed_at = models.DateTimeField("申诉时间", null=True)
    appealed_by_id = models.BigIntegerField("申诉人", null=True)
    ruling = models.TextField("申诉决定", blank=True)
    ruled_at = models.DateTimeField("申诉决定时间", null=True)
    ruled_by = models.CharField("申诉决定人", max_length=80, blank=True)

    class Meta:
        verbose_name = "刷评线索"
        constraints = [
            models.CheckConstraint(
                condition=Q(state="OPEN") | ~Q(reason=""), name="gaming_finding_reason"
            ),
            models.CheckConstraint(
                condition=~Q(state="APPEALED") | ~Q(appeal=""), name="gaming_finding_appeal"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-id"], name="gaming_finding_state"),
            models.Index(fields=["department_id", "-id"], name="gaming_finding_dept"),
            models.Index(fields=["rule_key", "subject", "-id"], name="gaming_finding_of"),
        ]

    def __str__(self) -> str:
        return f"{self.rule_key} {self.subject}"


class GamingEvidence(models.Model):
    """A rating that belongs to a finding (刷评佐证), once for each rule; left out of the ranking or not."""

    finding = models.ForeignKey(
        GamingFinding, models.CASCADE, related_name="evidence", verbose_name="线索"
    )
    rating = models.ForeignKey(
        Rating, models.PROTECT, related_name="evidence", verbose_name="评价", db_index=False
    )
    rule_key = models.CharField("规则编号", max_length=40)
    is_left_out = models.BooleanField("不计入排行", default=False)

    class Meta:
        verbose_name = "刷评佐证"
        constraints = [
            models.UniqueConstraint(fields=["rating", "rule_key"], name="gaming_evidence_once"),
        ]

    def __str__(self) -> str:
        return f"{self.finding_id} {self.rating_id}"
