from django.db import models
from django.db.models import Q

from yiwang.identity.api import PersonalDataManager, protected


class Filed(models.Model):
    """How something was filed (申报方式): what a draft and its application share.

    filed_by_name: who typed it for the applicant, "" for oneself; delegation_id or visit_id entitles them.
    """

    class Channel(models.TextChoices):
        ONLINE = "ONLINE", "网上"
        WINDOW = "WINDOW", "大厅窗口"
        COMMUNITY = "COMMUNITY", "社区窗口"
        KIOSK = "KIOSK", "自助终端"

    channel = models.CharField(
        "受理渠道", max_length=9, choices=Channel.choices, default=Channel.ONLINE
    )
    filed_by_name = protected(models.CharField("代办人", max_length=160, blank=True), level=3)
    delegation_id = models.BigIntegerField("委托", null=True)
    visit_id = models.BigIntegerField("窗口来访", null=True)

    class Meta:
        abstract = True


class Application(Filed):
    """What a citizen or an enterprise asked the city for (办件): one matter, one answer.

    The number follows the national practice of 43 characters; `query_code` lets people without an
    account follow it. States are reached only through the actions of this app.
    """

    class State(models.TextChoices):
        SUBMITTED = "SUBMITTED", "待受理"
        HANDLING = "HANDLING", "办理中"
        CORRECTION = "CORRECTION", "待补正"
        SUSPENDED = "SUSPENDED", "已中止办理"
        APPROVED = "APPROVED", "准予办理"
        REFUSED = "REFUSED", "不予办理"
        NOT_ACCEPTED = "NOT_ACCEPTED", "不予受理"
        WITHDRAWN = "WITHDRAWN", "已撤回"
        TERMINATED = "TERMINATED", "已终止办理"

    number = models.CharField("办件编号", max_length=50, unique=True)
    query_code = models.CharField("查询码", max_length=12)
    filed_by_id = models.BigIntegerField("提交账户", null=True)
    submission_key = models.CharField("提交标识", max_length=60, unique=True)
    account = models.ForeignKey(
        "identity_accounts.Account",
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name="通知账户",
    )
    applicant_ref = models.CharField("申请人", max_length=80)
    applicant_name = protected(models.CharField("申请人名称", max_length=160), level=3)
    applicant_number = protected(models.CharField("申请人证件号码", max_length=40), level=4)
    matter_version = models.ForeignKey(
        "hall_matters.MatterVersion", models.PROTECT, related_name="+", verbose_name="事项版本"
    )
    matter_code = models.CharField("事项编码", max_length=64)
    title = models.JSONField("事项名称")
    department = models.ForeignKey(
        "identity_organisations.Department",
        models.PROTECT,
        related_name="+",
        verbose_name="受理部门",
    )
    area_code = models.CharField("行政区划", max_length=12)
    form_version_id = models.BigIntegerField("表单版本")
    form_data = protected(models.JSONField("申请内容"), level=4)
    state = models.CharField("状态", max_length=12, choices=State.choices)
    instance_id = models.BigIntegerField("流程实例", null=True)
    receipt_hash = models.CharField("回执摘要", max_length=64)
    submitted_at = models.DateTimeField("提交时间")
    accepted_at = models.DateTimeField("受理时间", null=True)
    decided_at = models.DateTimeField("办结时间", null=True)

    objects = PersonalDataManager()

    class Meta:
        verbose_name = "办件"
        indexes = [
            models.Index(fields=["applicant_ref", "-id"], name="application_applicant"),
            models.Index(fields=["department", "state", "-id"], name="application_department"),
            models.Index(
                fields=["filed_by_id", "-id"],
                condition=Q(delegation_id__isnull=False),
                name="application_deputy",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_at__isnull=True)
                | Q(state__in=["APPROVED", "REFUSED", "NOT_ACCEPTED", "WITHDRAWN", "TERMINATED"]),
                name="application_decided_in_end_state",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class ApplicationBranch(models.Model):
    """One department's share in an application (办理部门); a simple matter has one, `owner`."""

    class State(models.TextChoices):
        WAITING = "WAITING", "未开始"
        OPEN = "OPEN", "办理中"
        CORRECTION = "CORRECTION", "待补正"
        AGREED = "AGREED", "同意"
        REFUSED = "REFUSED", "不同意"
        ENDED = "ENDED", "已终止"

    application = models.ForeignKey(
        Application, models.CASCADE, related_name="branches", verbose_name="办件"
    )
    key = models.CharField("环节标识", max_length=40)
    title = models.JSONField("名称")
    department = models.ForeignKey(
        "identity_organisations.Department",
        models.PROTECT,
        related_name="+",
        verbose_name="部门",
    )
    state = models.CharField("状态", max_length=10, choices=State.choices, default="WAITING")
    licence_type = models.CharField("证照类型", max_length=80, blank=True)

    class Meta:
        verbose_name = "办理部门"
        constraints = [
            models.UniqueConstraint(fields=["application", "key"], name="branch_once"),
        ]
        indexes = [
            models.Index(fields=["department", "application"], name="branch_department"),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.key}"


class ApplicationOpinion(models.Model):
    """What an officer said at one step (办理意见), with reason and legal basis where it refuses."""

    application = models.ForeignKey(
        Application, models.CASCADE, related_name="opinions", verbose_name="办件"
    )
    branch_key = models.CharField("环节标识", max_length=40)
    work_item_id = models.BigIntegerField("工作项", unique=True)
    step = models.JSONField("步骤")
    outcome = models.CharField("结论", max_length=16)
    opinion = models.TextField("意见", blank=True)
    reason = models.TextField("理由", blank=True)
    legal_basis = models.TextField("依据", blank=True)
    officer_name = models.CharField("办理人", max_length=80)
    department_name = models.CharField("部门", max_length=160)
    at = models.DateTimeField("时间")

    class Meta:
        verbose_name = "办理意见"

    def __str__(self) -> str:
        return f"{self.application_id} {self.outcome}"


class ApplicationMaterial(models.Model):
    """One submitted document (申请材料): uploaded, or taken from the registry or a licence."""

    application = models.ForeignKey(
        Application, models.CASCADE, related_name="materials", verbose_name="办件"
    )
    key = models.CharField("材料标识", max_length=60)
    title = models.JSONField("材料名称")
    source = models.CharField("来源", max_length=10)
    attachment_id = models.BigIntegerField("附件", null=True)
    digest = models.CharField("摘要", max_length=64, blank=True)
    source_ref = models.CharField("来源标识", max_length=160, blank=True)
    document = models.CharField("材料种类", max_length=130, blank=True)
    as_of = models.DateField("材料日期", null=True)
    why = models.JSONField("来源说明", default=dict)
    version = models.PositiveSmallIntegerField("版本", default=1)

    class Meta:
        verbose_name = "申请材料"
        constraints = [
            models.UniqueConstraint(
                fields=["application", "key", "version"], name="material_version_once"
            ),
        ]
        indexes = [
            models.Index(fields=["document", "application"], name="material_document"),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.key}"


class DraftCase(Filed):
    """What a draft is about (草稿的事项与申请人): the matter's version and the applicant as read once.

    facts: {registry field: {"value", "source": {zh, en}, "as_of": ISO date}} read when the draft was
    opened, so that the registry is not read again at every page.
    """

    draft_id = models.BigIntegerField("草稿", unique=True)
    matter_version = models.ForeignKey(
        "hall_matters.MatterVersion", models.PROTECT, related_name="+", verbose_name="事项版本"
    )
    applicant_ref = models.CharField("申请人", max_length=80)
    applicant_name = models.CharField("申请人名称", max_length=160)
    applicant_number = models.CharField("申请人证件号码", max_length=40)
    area_code = models.CharField("行政区划", max_length=12)
    facts = models.JSONField("申请人信息")
    read_at = models.DateTimeField("读取时间")

    class Meta:
        verbose_name = "草稿事项"

    def __str__(self) -> str:
        return f"{self.draft_id} {self.matter_version_id}"


class DraftMaterial(models.Model):
    """A document attached to a draft before it is submitted (草稿材料)."""

    draft_id = models.BigIntegerField("草稿")
    key = models.CharField("材料标识", max_length=60)
    attachment_id = models.BigIntegerField("附件")

    class Meta:
        verbose_name = "草稿材料"
        constraints = [
            models.UniqueConstraint(fields=["draft_id", "key"], name="draft_material_once"),
        ]

    def __str__(self) -> str:
        return f"{self.draft_id} {self.key}"


class MaterialChoice(models.Model):
    """What an applicant chose for a document of a draft (材料选择), with the words agreed to.

    UPLOAD: not to use what the city has; PROMISE: to hand it in later; COMMIT: to commit instead.
    """

    class Kind(models.TextChoices):
        UPLOAD = "UPLOAD", "不沿用"
        PROMISE = "PROMISE", "容缺后补"
        COMMIT = "COMMIT", "告知承诺"

    draft_id = models.BigIntegerField("草稿")
    key = models.CharField("材料标识", max_length=60)
    kind = models.CharField("选择", max_length=8, choices=Kind.choices)
    text = models.JSONField("承诺内容", default=dict)
    sha256 = models.CharField("承诺摘要", max_length=64, blank=True)
    made_at = models.DateTimeField("选择时间")

    class Meta:
        verbose_name = "材料选择"
        constraints = [
            models.UniqueConstraint(fields=["draft_id", "key"], name="material_choice_once"),
        ]

    def __str__(self) -> str:
        return f"{self.draft_id} {self.key} {self.kind}"


class Correction(models.Model):
    """What must be put right (补正), told once and completely, and the applicant's answer.

    items: [{"kind": "field"|"material", "key": name, "title": {zh, en}, "what": sentence}].
    """

    application = models.ForeignKey(
        Application, models.CASCADE, related_name="corrections", verbose_name="办件"
    )
    branch_key = models.CharField("环节标识", max_length=40)
    work_item_id = models.BigIntegerField("工作项")
    items = models.JSONField("补正内容")
    legal_basis = models.TextField("依据")
    requested_by = models.CharField("告知人", max_length=80)
    department_name = models.CharField("部门", max_length=160)
    requested_at = models.DateTimeField("告知时间")
    answered_at = models.DateTimeField("补正时间", null=True)
    answer_note = models.TextField("补正说明", blank=True)
    changes = models.JSONField("修改内容", default=list)

    class Meta:
        verbose_name = "补正"
        constraints = [
            models.UniqueConstraint(
                fields=["work_item_id"],
                condition=Q(answered_at__isnull=True),
                name="correction_open_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.branch_key}"


class ApplicationUrge(models.Model):
    """An applicant's urging, for one open step (催办): when, in which light the step stood, and why."""

    application = models.ForeignKey(
        Application, models.CASCADE, related_name="urges", verbose_name="办件"
    )
    work_item_id = models.BigIntegerField("工作项", db_index=True)
    department = models.ForeignKey(
        "identity_organisations.Department", models.PROTECT, related_name="+", verbose_name="部门"
    )
    step = models.JSONField("步骤")
    light = models.CharField("当时灯色", max_length=6)
    note = models.TextField("催办说明", blank=True)
    at = models.DateTimeField("催办时间")

    class Meta:
        verbose_name = "催办"
        constraints = [
            models.UniqueConstraint(fields=["work_item_id", "at"], name="urge_once"),
        ]
        indexes = [
            models.Index(fields=["department", "-id"], name="urge_department"),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.work_item_id}"


class Decision(models.Model):
    """The city's answer (决定): one for each application. Rows are only ever added: triggers refuse the rest."""

    application = models.OneToOneField(
        Application, models.PROTECT, related_name="decision", verbose_name="办件"
    )
    outcome = models.CharField("结果", max_length=12)
    document_number = models.CharField("文书号", max_length=80, unique=True)
    reasons = models.JSONField("理由", default=list)
    legal_basis = models.JSONField("依据", default=list)
    remedy = models.JSONField("救济途径", default=dict)
    department_name = models.CharField("决定机关", max_length=160)
    officer_name = models.CharField("决定人", max_length=80)
    decided_at = models.DateTimeField("决定时间")

    class Meta:
        verbose_name = "决定"

    def __str__(self) -> str:
        return self.document_number
