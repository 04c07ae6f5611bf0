from django.db import models
from django.db.models import Q

from yiwang.identity.api import PersonalDataManager, protected


class Bundle(models.Model):
    """One thing that a person wants, made of several matters (一件事)."""

    key = models.CharField("标识", max_length=90, unique=True)
    source = models.CharField("来源", max_length=120)
    is_open = models.BooleanField("开放办理", default=True)

    class Meta:
        verbose_name = "一件事"

    def __str__(self) -> str:
        return self.key


class BundleVersion(models.Model):
    """One version of a bundle (一件事版本): cases stay on theirs.

    definition: as `bundle_dump` writes it; fields: {name in the one form: [[matter's key, field]]}.
    """

    bundle = models.ForeignKey(
        Bundle, models.PROTECT, related_name="versions", verbose_name="一件事"
    )
    number = models.PositiveIntegerField("版本")
    digest = models.CharField("摘要", max_length=64)
    definition = models.JSONField("定义")
    fields = models.JSONField("合并字段")
    asked_before = models.PositiveSmallIntegerField("合并前字段数")
    form_version_id = models.BigIntegerField("表单版本")
    created_at = models.DateTimeField("载入时间")

    class Meta:
        verbose_name = "一件事版本"
        constraints = [
            models.UniqueConstraint(fields=["bundle", "number"], name="bundle_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.bundle_id} {self.number}"


class BundleDraft(models.Model):
    """What a draft of the one form is about (一件事草稿): the version and the applicant as read once."""

    draft_id = models.BigIntegerField("草稿", unique=True)
    version = models.ForeignKey(
        BundleVersion, models.PROTECT, related_name="+", verbose_name="一件事版本"
    )
    context_ref = models.CharField("关联对象", max_length=120, blank=True)
    applicant_ref = models.CharField("申请人", max_length=80)
    applicant_name = models.CharField("申请人名称", max_length=160)
    applicant_number = models.CharField("申请人证件号码", max_length=40)
    area_code = models.CharField("行政区划", max_length=12)
    facts = models.JSONField("申请人信息")
    channel = models.CharField("渠道", max_length=9, default="ONLINE")
    filed_by_name = models.CharField("填报人", max_length=80, blank=True)
    delegation_id = models.BigIntegerField("委托", null=True)
    visit_id = models.BigIntegerField("来访", null=True)
    read_at = models.DateTimeField("读取时间")

    class Meta:
        verbose_name = "一件事草稿"
        indexes = [
            models.Index(
                fields=["visit_id"],
                condition=Q(visit_id__isnull=False),
                name="bundle_draft_visit",
            ),
            models.Index(
                fields=["delegation_id"],
                condition=Q(delegation_id__isnull=False),
                name="bundle_draft_deputy",
            ),
        ]

    def __str__(self) -> str:
        return str(self.draft_id)


class BundleDocument(models.Model):
    """A document attached once for all matters that need it (共用材料)."""

    draft_id = models.BigIntegerField("草稿")
    key = models.CharField("材料标识", max_length=100)
    attachment_id = models.BigIntegerField("附件")

    class Meta:
        verbose_name = "一件事材料"
        constraints = [
            models.UniqueConstraint(fields=["draft_id", "key"], name="bundle_document_once"),
        ]

    def __str__(self) -> str:
        return f"{self.draft_id} {self.key}"


class BundleCase(models.Model):
    """A bundle that somebody filed (一件事办件): one submission, one receipt, one page to follow it.

    documents: {document key: {"attachment": id, "sha256"}}; context_ref: what it belongs to, such as a project.
    account: the applicant's, empty for one without who came to a window; filed_by_id: the clerk
    there (visit_id), or a deputy (delegation_id).
    """

    class State(models.TextChoices):
        OPEN = "OPEN", "办理中"
        DONE = "DONE", "已办结"
        WITHDRAWN = "WITHDRAWN", "已撤回"

    number = models.CharField("一件事编号", max_length=40, unique=True)
    submission_key = models.CharField("提交标识", max_length=60, unique=True)
    version = models.ForeignKey(
        BundleVersion, models.PROTECT, related_name="+", verbose_name="一件事版本"
    )
    account = models.ForeignKey(
        "identity_accounts.Account",
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name="提交账户",
    )
    channel = models.CharField("渠道", max_length=9, default="ONLINE")
    filed_by_id = models.BigIntegerField("填报账户", null=True)
    filed_by_name = models.CharField("填报人", max_length=80, blank=True)
    delegation_id = models.BigIntegerField("委托", null=True)
    visit_id = models.BigIntegerField("来访", null=True)
    context_ref = models.CharField("关联对象", max_length=120, blank=True)
    applicant_ref = models.CharField("申请人", max_length=80)
    applicant_name = protected(models.CharField("申请人名称", max_length=160), level=3)
    form_data = protected(models.JSONField("申请内容"), level=4)
    documents = models.JSONField("材料")
    state = models.CharField("状态", max_length=9, choices=State.choices, default=State.OPEN)
    sha256 = models.CharField("回执摘要", max_length=64)
    submitted_at = models.DateTimeField("提交时间")
    ended_at = models.DateTimeField("办结时间", null=True)

    objects = PersonalDataManager()

    class Meta:
        verbose_name = "一件事办件"
        indexes = [
            models.Index(fields=["applicant_ref", "-id"], name="bundle_case_applicant"),
            models.Index(
                fields=["context_ref", "-id"], condition=~Q(context_ref=""), name="bundle_case_of"
            ),
            models.Index(
                fields=["delegation_id", "-id"],
                condition=Q(delegation_id__isnull=False),
                name="bundle_case_deputy",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class BundleItem(models.Model):
    """One matter of a case (一件事事项): waits, is filed by itself, is decided, or is stopped with reasons.

    reasons: [{"of": key of the matter that failed, "text": {zh, en}}] or the fields that need the applicant.
    """

    class State(models.TextChoices):
        WAITING = "WAITING", "等待前置事项"
        FILED = "FILED", "办理中"
        ATTENTION = "ATTENTION", "需补充"
        APPROVED = "APPROVED", "准予"
        REFUSED = "REFUSED", "未准予"
        STOPPED = "STOPPED", "无法继续"
        WITHDRAWN = "WITHDRAWN", "已撤回"

    case = models.ForeignKey(
        BundleCase, models.CASCADE, related_name="items", verbose_name="一件事办件"
    )
    key = models.CharField("事项标识", max_length=40)
    matter_code = models.CharField("事项编码", max_length=64)
    title = models.JSONField("事项名称")
    state = models.CharField("状态", max_length=9, choices=State.choices, default=State.WAITING)
    application_number = models.CharField("办件编号", max_length=50, blank=True)
    draft_id = models.BigIntegerField("待补草稿", null=True)
    reasons = models.JSONField("原因", default=list)
    filed_at = models.DateTimeField("提交时间", null=True)
    ended_at = models.DateTimeField("办结时间", null=True)

    class Meta:
        verbose_name = "一件事事项"
        constraints = [
            models.UniqueConstraint(fields=["case", "key"], name="bundle_item_once"),
            models.UniqueConstraint(
                fields=["application_number"],
                condition=~Q(application_number=""),
                name="bundle_application_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["draft_id"], condition=Q(draft_id__isnull=False), name="bundle_item_draft"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.key}"
