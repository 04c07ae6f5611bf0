"""What feeds a registry, what its runs did, and what people said about uncertain pairs."""

from django.db import models
from django.db.models import F, Q


class FusionSource(models.Model):
    """Which information resource feeds a class or tie of a plan (融合数据源绑定).

    code: C07 for a class, T01 for a tie. columns: column of the class → field of the resource, only
    where the names differ or a person chose.
    """

    registry = models.CharField("基础库", max_length=40)
    code = models.CharField("数据类代码", max_length=8)
    resource_code = models.CharField("信息资源代码", max_length=60)
    columns = models.JSONField("列对应", default=dict)
    bound_at = models.DateTimeField("绑定时间")
    bound_by = models.BigIntegerField("绑定账户", null=True)

    class Meta:
        verbose_name = "融合数据源绑定"
        constraints = [
            models.UniqueConstraint(fields=["registry", "code"], name="fusion_source_once"),
        ]

    def __str__(self) -> str:
        return f"{self.registry} {self.code} {self.resource_code}"


class FusionRun(models.Model):
    """A run that fused the records of a registry (融合运行).

    run: the name that the library gave, "" before it published. counts, report: what came out, as
    plain values; see `desk.FusionRunView`. trace: identifier of the run in lineage events.
    """

    class State(models.TextChoices):
        WAITING = "WAITING", "待运行"
        RUNNING = "RUNNING", "运行中"
        PUBLISHED = "PUBLISHED", "已发布"
        FAILED = "FAILED", "失败"
        INTERRUPTED = "INTERRUPTED", "已中断"

    registry = models.CharField("基础库", max_length=40)
    run = models.CharField("运行号", max_length=40, blank=True)
    trace = models.UUIDField("血缘运行标识", unique=True)
    state = models.CharField("状态", max_length=12, choices=State.choices, default=State.WAITING)
    stage = models.CharField("阶段", max_length=20, blank=True)
    done = models.BigIntegerField("已完成", default=0)
    total = models.BigIntegerField("总量", default=0)
    counts = models.JSONField("计数", default=dict)
    report = models.JSONField("报告", default=dict)
    seconds = models.JSONField("各阶段秒数", default=dict)
    peak_mb = models.FloatField("内存峰值", default=0)
    error_code = models.CharField("错误代码", max_length=60, blank=True)
    error = models.TextField("错误", blank=True)
    requested_by = models.BigIntegerField("发起账户", null=True)
    created_at = models.DateTimeField("发起时间")
    started_at = models.DateTimeField("开始时间", null=True)
    finished_at = models.DateTimeField("完成时间", null=True)

    class Meta:
        verbose_name = "融合运行"
        constraints = [
            models.UniqueConstraint(
                fields=["registry"], condition=Q(state="RUNNING"), name="fusion_run_one_running"
            ),
        ]
        indexes = [models.Index(fields=["registry", "-id"], name="fusion_run_latest")]

    def __str__(self) -> str:
        return f"{self.registry} {self.run or self.pk} {self.state}"


class ReviewPair(models.Model):
    """A row and the person, or the other row, that may be the same (待判定对).

    kind PERSON: other_number, other_row name a row of the person with a valid identifier; anchors are this
    and a few more, by which the pair is known again when identifiers are drawn anew; uid is the person in
    the last run.
    round: counts up when a decision is undone; verdicts of earlier rounds stay as history.
    """

    class State(models.TextChoices):
        OPEN = "OPEN", "待判定"
        SECOND = "SECOND", "待复核"
        DISPUTED = "DISPUTED", "有分歧"
        DECIDED = "DECIDED", "已判定"
        CLOSED = "CLOSED", "已关闭"

    registry = models.CharField("基础库", max_length=40)
    kind = models.CharField("类别", max_length=8, default="PERSON")
    number = models.PositiveSmallIntegerField("数据类")
    row_no = models.BigIntegerField("行号")
    other_number = models.PositiveSmallIntegerField("对方数据类")
    other_row = models.BigIntegerField("对方行号")
    anchors = models.JSONField("对方行", default=list)
    uid = models.BigIntegerField("主体标识", null=True)
    probability = models.FloatField("概率")
    department_id = models.BigIntegerField("提供方", null=True)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.OPEN)
    outcome = models.CharField("结论", max_length=8, blank=True)
    round = models.PositiveSmallIntegerField("轮次", default=1)
    claimed_by = models.BigIntegerField("领取账户", null=True)
    claimed_until = models.DateTimeField("领取至", null=True)
    first_run = models.ForeignKey(
        FusionRun, models.PROTECT, related_name="+", verbose_name="首次出现"
    )
    last_run = models.ForeignKey(
        FusionRun, models.PROTECT, related_name="+", verbose_name="最近出现"
    )
    created_at = models.DateTimeField("提出时间")
    decided_at = models.DateTimeField("判定时间", null=True)

    class Meta:
        verbose_name = "待判定对"
        constraints = [
            models.UniqueConstraint(
                fields=["registry", "number", "row_no", "other_number", "other_row"],
                name="review_pair_once",
            ),
            models.CheckConstraint(
                condition=~Q(state="DECIDED") | ~Q(outcome=""), name="review_pair_decided_how"
            ),
        ]
        indexes = [
            models.Index(fields=["registry", "state", "-probability", "id"], name="review_queue"),
            models.Index(fields=["department_id", "state", "id"], name="review_department"),
        ]

    def __str__(self) -> str:
        return f"{self.registry} {self.number}:{self.row_no} {self.state}"


class Verdict(models.Model):
    """What one person said about a pair (判定意见). seat 1, 2: reviewers; 3: who settles a dispute."""

    pair = models.ForeignKey(
        ReviewPair, models.PROTECT, related_name="verdicts", verbose_name="待判定对"
    )
    round = models.PositiveSmallIntegerField("轮次")
    seat = models.PositiveSmallIntegerField("席位")
    account_id = models.BigIntegerField("账户")
    actor_name = models.CharField("姓名", max_length=100)
    department_id = models.BigIntegerField("部门", null=True)
    word = models.CharField("意见", max_length=8)
    reason = models.CharField("理由", max_length=500, blank=True)
    at = models.DateTimeField("时间")

    class Meta:
        verbose_name = "判定意见"
        constraints = [
            models.UniqueConstraint(fields=["pair", "round", "seat"], name="verdict_seat"),
            models.UniqueConstraint(fields=["pair", "round", "account_id"], name="verdict_person"),
            models.CheckConstraint(
                condition=Q(seat__in=[1, 2, 3]) & Q(word__in=["MUST", "CANNOT", "UNSURE"]),
                name="verdict_words",
            ),
        ]
        indexes = [models.Index(fields=["account_id", "id"], name="verdict_account")]

    def __str__(self) -> str:
        return f"{self.pair_id}/{self.round} {self.seat} {self.word}"


class MatchDecision(models.Model):
    """A decision (人工判定) in force until undone by two persons; runs carry out MUST and CANNOT.

    anchors: [[class number, row_no], …] of the other side, any of which stands for it.
    """

    pair = models.ForeignKey(
        ReviewPair, models.PROTECT, related_name="decisions", verbose_name="待判定对"
    )
    registry = models.CharField("基础库", max_length=40)
    round = models.PositiveSmallIntegerField("轮次")
    word = models.CharField("结论", max_length=8)
    number = models.PositiveSmallIntegerField("数据类")
    row_no = models.BigIntegerField("行号")
    anchors = models.JSONField("对方行")
    first_account = models.BigIntegerField("判定人一")
    second_account = models.BigIntegerField("判定人二")
    third_account = models.BigIntegerField("裁定人", null=True)
    valid_from = models.DateTimeField("生效时间")
    undo_account = models.BigIntegerField("申请撤销人", null=True)
    undo_reason = models.CharField("撤销理由", max_length=500, blank=True)
    undo_at = models.DateTimeField("申请撤销时间", null=True)
    undone_account = models.BigIntegerField("确认撤销人", null=True)
    valid_to = models.DateTimeField("失效时间", null=True)

    class Meta:
        verbose_name = "人工判定"
        constraints = [
            models.UniqueConstraint(
                fields=["pair"],
                condition=Q(valid_to__isnull=True),
                name="match_decision_one_in_force",
            ),
            models.CheckConstraint(
                condition=~Q(first_account=F("second_account")),
                name="match_decision_two_persons",
            ),
            models.CheckConstraint(
                condition=Q(third_account__isnull=True)
                | (~Q(third_account=F("first_account")) & ~Q(third_account=F("second_account"))),
                name="match_decision_third_person",
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True)
                | (
                    Q(undo_account__isnull=False)
                    & Q(undone_account__isnull=False)
                    & ~Q(undo_account=F("undone_account"))
                ),
                name="match_decision_undone_by_two",
            ),
            models.CheckConstraint(
                condition=Q(word__in=["MUST", "CANNOT", "UNSURE"]), name="match_decision_words"
            ),
        ]
        indexes = [models.Index(fields=["registry", "valid_to", "id"], name="match_decision_live")]

    def __str__(self) -> str:
        return f"{self.registry} {self.number}:{self.row_no} {self.word}"
