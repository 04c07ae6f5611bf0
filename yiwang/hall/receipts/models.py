"""What was submitted, as it was, and the seals over it (提交存证). Rows are only ever added: triggers refuse the rest."""

from django.db import models

from yiwang.identity.api import PersonalDataManager, protected


class SubmissionRecord(models.Model):
    """What was submitted under a number (提交存证): canonical JSON (RFC 8785) and its SHA-256.

    Corrections change the application and never this.
    """

    number = models.CharField("编号", max_length=80, unique=True)
    holder_ref = models.CharField("提交人", max_length=80)
    title = models.JSONField("名称")
    content = protected(models.TextField("提交内容"), level=4)
    sha256 = models.CharField("摘要", max_length=64)
    submitted_at = models.DateTimeField("提交时间")

    objects = PersonalDataManager()

    class Meta:
        verbose_name = "提交存证"
        indexes = [models.Index(fields=["holder_ref", "-id"], name="submission_holder")]

    def __str__(self) -> str:
        return self.number


class SubmissionSeal(models.Model):
    """A seal over records in their order (存证封存), chained to the one before by its digest."""

    sequence = models.PositiveBigIntegerField("序号", unique=True)
    count = models.PositiveIntegerField("条数")
    root = models.CharField("内容摘要", max_length=64)
    chain = models.CharField("链摘要", max_length=64)
    sealed_at = models.DateTimeField("封存时间")

    class Meta:
        verbose_name = "存证封存"

    def __str__(self) -> str:
        return f"{self.sequence} {self.chain[:12]}"


class SealMember(models.Model):
    """The place of a record under a seal (封存条目)."""

    seal = models.ForeignKey(
        SubmissionSeal, models.PROTECT, related_name="members", verbose_name="封存"
    )
    record = models.OneToOneField(
        SubmissionRecord, models.PROTECT, related_name="member", verbose_name="存证"
    )
    place = models.PositiveIntegerField("位置")

    class Meta:
        verbose_name = "封存条目"
        constraints = [
            models.UniqueConstraint(fields=["seal", "place"], name="seal_place_once"),
        ]

    def __str__(self) -> str:
        return f"{self.seal_id} {self.place}"


class HistoryDay(models.Model):
    """The root over what happened to all cases on a day (历程日根), chained to the day before and published.

    until_id: the last event under it; the next day begins after it.
    """

    day = models.DateField("日期", unique=True)
    count = models.PositiveIntegerField("办件数")
    events = models.PositiveIntegerField("事件数")
    until_id = models.BigIntegerField("截止事件")
    root = models.CharField("根摘要", max_length=64)
    before = models.CharField("前一日链摘要", max_length=64)
    link = models.CharField("链摘要", max_length=64)
    sealed_at = models.DateTimeField("封存时间")

    class Meta:
        verbose_name = "历程日根"
        ordering = ["day"]

    def __str__(self) -> str:
        return f"{self.day} {self.link[:12]}"


class HistoryLeaf(models.Model):
    """The newest link of a case at the end of a day (历程叶): how many of its events it covers."""

    day = models.ForeignKey(
        HistoryDay, models.PROTECT, related_name="leaves", verbose_name="日根", db_index=False
    )
    place = models.PositiveIntegerField("位置")
    key = models.CharField("业务标识", max_length=120)
    events = models.PositiveIntegerField("事件数")
    head = models.CharField("链首摘要", max_length=64)
    nonce = models.CharField("随机数", max_length=32)

    class Meta:
        verbose_name = "历程叶"
        constraints = [
            models.UniqueConstraint(fields=["day", "place"], name="history_leaf_place"),
        ]
        indexes = [models.Index(fields=["key", "-id"], name="history_leaf_key")]

    def __str__(self) -> str:
        return f"{self.day_id} {self.key}"
