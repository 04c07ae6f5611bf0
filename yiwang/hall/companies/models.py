"""Names, filings and the register of companies (名称申报、登记申请、商事登记簿)."""

from django.db import models
from django.db.models import Q

from yiwang.identity.api import PersonalDataManager, protected


class NameEntry(models.Model):
    """A name of the legal-person registry with what it is found by (名称索引): a copy, made again when it changes."""

    ref = models.CharField("主体标识", max_length=11, unique=True)
    uscc = models.CharField("统一社会信用代码", max_length=18, blank=True)
    name = models.CharField("名称", max_length=200)
    exact_key = models.CharField("全称键", max_length=200)
    core_key = models.CharField("字号键", max_length=200)
    sound_key = models.CharField("读音键", max_length=400)
    trade_group = models.CharField("行业组", max_length=4, blank=True)

    class Meta:
        verbose_name = "名称索引"
        indexes = [
            models.Index(fields=["exact_key"], name="name_entry_exact"),
            models.Index(fields=["core_key"], name="name_entry_core"),
            models.Index(fields=["sound_key", "trade_group"], name="name_entry_sound"),
        ]

    def __str__(self) -> str:
        return self.name


class NameIndex(models.Model):
    """How far the index of names follows the registry (名称索引进度): the last version it has taken in."""

    registry = models.CharField("基础库", max_length=20, primary_key=True)
    master = models.IntegerField("已收录版本", default=0)
    entries = models.PositiveIntegerField("名称数", default=0)
    at = models.DateTimeField("更新时间", null=True)

    class Meta:
        verbose_name = "名称索引进度"

    def __str__(self) -> str:
        return f"{self.registry} {self.master}"


class NameReservation(models.Model):
    """A name that somebody keeps for a company to be founded (名称保留). While it is held nobody else has it."""

    class State(models.TextChoices):
        HELD = "HELD", "保留中"
        FILED = "FILED", "登记中"
        USED = "USED", "已登记"
        RELEASED = "RELEASED", "已放弃"
        EXPIRED = "EXPIRED", "已到期"

    number = models.CharField("申报编号", max_length=24, unique=True)
    name = models.CharField("企业名称", max_length=200)
    division = models.CharField("行政区划", max_length=40)
    core = models.CharField("字号", max_length=40)
    trade = models.CharField("行业表述", max_length=40)
    form = models.CharField("组织形式", max_length=40)
    arrangement = models.CharField("排列方式", max_length=8)
    kind = models.CharField("公司类型", max_length=12)
    uscc = models.CharField("拟更名企业", max_length=18, blank=True)
    area_code = models.CharField("住所所在区划", max_length=12)
    exact_key = models.CharField("全称键", max_length=200)
    core_key = models.CharField("字号键", max_length=200)
    sound_key = models.CharField("读音键", max_length=400)
    trade_group = models.CharField("行业组", max_length=4, blank=True)
    findings = models.JSONField("申报提示", default=list)
    applicant_ref = models.CharField("申报人", max_length=80)
    account_id = models.BigIntegerField("申报账户")
    state = models.CharField("状态", max_length=8, choices=State.choices, default=State.HELD)
    reserved_at = models.DateTimeField("申报时间")
    expires_date = models.DateField("保留至")
    extensions = models.PositiveSmallIntegerField("延期次数", default=0)

    class Meta:
        verbose_name = "名称保留"
        constraints = [
            # Two at once for one name: the database lets one of them have it.
            models.UniqueConstraint(
                fields=["exact_key"],
                condition=Q(state__in=["HELD", "FILED"]),
                name="name_held_once",
            ),
            models.UniqueConstraint(
                fields=["core_key", "trade_group"],
                condition=Q(state__in=["HELD", "FILED"]) & ~Q(trade_group=""),
                name="name_core_held_once",
            ),
            models.UniqueConstraint(
                fields=["sound_key", "trade_group"],
                condition=Q(state__in=["HELD", "FILED"]) & ~Q(trade_group=""),
                name="name_sound_held_once",
            ),
        ]
        indexes = [
            models.Index(fields=["applicant_ref", "-id"], name="name_applicant"),
            models.Index(fields=["state", "expires_date"], name="name_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"


class FilingKind(models.TextChoices):
    """What a filing does to the register (登记种类)."""

    ESTABLISH = "ESTABLISH", "设立登记"
    CHANGE = "CHANGE", "变更登记"
    CANCEL = "CANCEL", "注销登记"
    BRANCH = "BRANCH", "分支机构设立登记"
    BR_CHANGE = "BR_CHANGE", "分支机构变更登记"
    BR_CANCEL = "BR_CANCEL", "分支机构注销登记"
    MOVE = "MOVE", "跨区迁移登记"


class EntryKind(models.TextChoices):
    """What an entry in the register says (记载种类): a filing that was granted, or what was taken from the registry."""

    ESTABLISH = "ESTABLISH", "设立登记"
    CHANGE = "CHANGE", "变更登记"
    CANCEL = "CANCEL", "注销登记"
    BRANCH = "BRANCH", "分支机构设立登记"
    MOVE = "MOVE", "跨区迁移登记"
    TAKE = "TAKE", "承接登记信息"
    CORRECT = "CORRECT", "核对更正"


class Filing(models.Model):
    """What all parties have to confirm before it is submitted (登记申请): the form as it stands, and its document.

    articles: the articles of a foundation, else the resolution; digest: SHA-256 of the form's values and that
    text; who confirms, confirms that digest. votes_needed: capital in 10,000 yuan whose holders must confirm
    besides those who must anyway. filed_at: submitted and not yet decided; one at a time for a company.
    """

    class State(models.TextChoices):
        SIGNING = "SIGNING", "待签署"
        SIGNED = "SIGNED", "已签署"
        REGISTERED = "REGISTERED", "已登记"
        CLOSED = "CLOSED", "已终止"

    number = models.CharField("登记申请编号", max_length=24, unique=True)
    kind = models.CharField(
        "登记种类", max_length=10, choices=FilingKind.choices, default=FilingKind.ESTABLISH
    )
    draft_id = models.BigIntegerField("草稿", unique=True)
    reservation = models.ForeignKey(
        NameReservation,
        models.PROTECT,
        null=True,
        related_name="filings",
        verbose_name="名称保留",
    )
    company = models.ForeignKey(
        "Company", models.PROTECT, null=True, related_name="filings", verbose_name="商事主体"
    )
    applicant_ref = models.CharField("申请人", max_length=80)
    account_id = models.BigIntegerField("申请账户")
    delegation_id = models.BigIntegerField("委托", null=True)
    prepared_by = models.CharField("代办人", max_length=160, blank=True)
    company_name = models.CharField("公司名称", max_length=200)
    form_version_id = models.BigIntegerField("表单版本")
    content = protected(models.JSONField("登记内容"), level=4)
    changes = models.JSONField("变更内容", default=dict)
    articles = models.TextField("章程")
    digest = models.CharField("内容摘要", max_length=64)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.SIGNING)
    application_number = models.CharField("办件编号", max_length=50, blank=True, db_index=True)
    opened_at = models.DateTimeField("发起时间")
    votes_needed = models.DecimalField(
        "所需表决权（万元）", max_digits=20, decimal_places=6, default=0
    )
    filed_at = models.DateTimeField("提交时间", null=True)

    objects = PersonalDataManager()

    class Meta:
        verbose_name = "登记申请"
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="ESTABLISH", reservation__isnull=False)
                | (~Q(kind="ESTABLISH") & Q(company__isnull=False)),
                name="filing_of_name_or_company",
            ),
            # Two people file for one company at once: the database lets one of them.
            models.UniqueConstraint(
                fields=["company"],
                condition=Q(filed_at__isnull=False, state__in=["SIGNING", "SIGNED"]),
                name="filing_company_once",
            ),
        ]
        indexes = [models.Index(fields=["applicant_ref", "-id"], name="filing_applicant")]

    def __str__(self) -> str:
        return f"{self.number} {self.company_name}"


class FilingParty(models.Model):
    """Somebody who confirms a filing in their own space (签署方). roles: SHAREHOLDER, LEGAL_REPRESENTATIVE, …

    must: nothing goes on without them; votes: capital in 10,000 yuan that counts toward the resolution.
    """

    class State(models.TextChoices):
        WAITING = "WAITING", "待签署"
        CONFIRMED = "CONFIRMED", "已确认"
        DECLINED = "DECLINED", "已拒绝"

    filing = models.ForeignKey(
        Filing, models.CASCADE, related_name="parties", verbose_name="登记申请"
    )
    subject_ref = models.CharField("签署主体", max_length=80)
    name = protected(models.CharField("名称", max_length=160), level=2)
    roles = models.JSONField("身份")
    must = models.BooleanField("必须签署", default=True)
    votes = models.DecimalField("表决权（万元）", max_digits=16, decimal_places=2, default=0)
    state = models.CharField("状态", max_length=9, choices=State.choices, default=State.WAITING)
    digest = models.CharField("所签摘要", max_length=64, blank=True)
    signed_by = models.BigIntegerField("签署账户", null=True)
    signed_name = models.CharField("签署人", max_length=160, blank=True)
    note = models.TextField("说明", blank=True)
    at = models.DateTimeField("签署时间", null=True)

    objects = PersonalDataManager()

    class Meta:
        verbose_name = "签署方"
        constraints = [
            models.UniqueConstraint(fields=["filing", "subject_ref"], name="filing_party_once"),
            models.CheckConstraint(
                condition=~Q(state="CONFIRMED") | ~Q(digest=""), name="filing_party_signed_what"
            ),
        ]
        indexes = [models.Index(fields=["subject_ref", "state"], name="filing_party_subject")]

    def __str__(self) -> str:
        return f"{self.filing_id} {self.subject_ref}"


class Company(models.Model):
    """A company in the register of its registrar (商事主体): how it stands after all its accepted filings."""

    class State(models.TextChoices):
        ACTIVE = "ACTIVE", "存续"
        CANCELLED = "CANCELLED", "注销"

    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="branches", verbose_name="所属公司"
    )
    uscc = models.CharField("统一社会信用代码", max_length=18, unique=True)
    name = models.CharField("名称", max_length=200)
    kind = models.CharField("公司类型", max_length=12)
    legal_representative = models.CharField("法定代表人", max_length=120)
    legal_representative_ref = models.CharField("法定代表人标识", max_length=80, blank=True)
    registered_capital = models.DecimalField("注册资本（万元）", max_digits=16, decimal_places=2)
    address = models.CharField("住所", max_length=400)
    area_code = models.CharField("行政区划", max_length=12)
    business_scope = models.TextField("经营范围")
    scope_codes = models.JSONField("经营范围条目", default=list)
    industry = models.CharField("行业门类", max_length=8, blank=True)
    phone = models.CharField("联系电话", max_length=20, blank=True)
    department = models.ForeignKey(
        "identity_organisations.Department",
        models.PROTECT,
        related_name="+",
        verbose_name="登记机关",
    )
    licence_id = models.BigIntegerField("营业执照", null=True)
    state = models.CharField("登记状态", max_length=10, choices=State.choices, default="ACTIVE")
    established_date = models.DateField("成立日期")
    cancelled_date = models.DateField("注销日期", null=True)
    delivered_at = models.DateTimeField("归集时间", null=True)

    class Meta:
        verbose_name = "商事主体"
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="BRANCH", parent__isnull=False)
                | (~Q(kind="BRANCH") & Q(parent__isnull=True)),
                name="company_branch_has_parent",
            ),
        ]
        indexes = [
            models.Index(fields=["department", "-id"], name="company_department"),
            models.Index(fields=["name"], name="company_name"),
        ]

    def __str__(self) -> str:
        return f"{self.uscc} {self.name}"


class Shareholding(models.Model):
    """What a shareholder subscribed to (股东出资). Names and amounts are public, numbers stay in the application."""

    company = models.ForeignKey(
        Company, models.PROTECT, related_name="shareholdings", verbose_name="商事主体"
    )
    holder_ref = models.CharField("股东标识", max_length=80)
    holder_name = models.CharField("股东", max_length=160)
    capital_wan = models.DecimalField("认缴出资额（万元）", max_digits=16, decimal_places=2)
    paid_until = models.DateField("出资期限", null=True)

    class Meta:
        verbose_name = "股东出资"
        constraints = [
            models.UniqueConstraint(fields=["company", "holder_ref"], name="shareholding_once"),
            models.CheckConstraint(condition=Q(capital_wan__gt=0), name="shareholding_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.company_id} {self.holder_name}"


class Officer(models.Model):
    """Who holds a post in a company (任职人员). Public by law (企业信息公示暂行条例)."""

    company = models.ForeignKey(
        Company, models.PROTECT, related_name="officers", verbose_name="商事主体"
    )
    post = models.CharField("职务", max_length=24)
    name = models.CharField("姓名", max_length=120)
    person_ref = models.CharField("人员标识", max_length=80, blank=True)

    class Meta:
        verbose_name = "任职人员"
        constraints = [
            models.UniqueConstraint(fields=["company", "post", "name"], name="officer_once"),
        ]

    def __str__(self) -> str:
        return f"{self.company_id} {self.post}"


class RegisterEntry(models.Model):
    """An accepted filing in the register (登记记载): what it changed, and all that stood there after it.

    Rows are only ever added. changes: item → [old, new]; facts: see `history.facts_of`.
    """

    company = models.ForeignKey(
        Company, models.PROTECT, related_name="entries", verbose_name="商事主体"
    )
    kind = models.CharField("记载种类", max_length=10, choices=EntryKind.choices)
    application_number = models.CharField("办件编号", max_length=50)
    changes = models.JSONField("登记事项")
    facts = models.JSONField("登记后内容", default=dict)
    at = models.DateTimeField("登记时间")

    class Meta:
        verbose_name = "登记记载"
        constraints = [
            models.UniqueConstraint(
                fields=["company", "application_number"], name="register_entry_company_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.company_id} {self.kind}"


class CancellationNotice(models.Model):
    """What is announced before a company is struck off (注销公告), so that creditors may speak up.

    facts: what is announced; the application must say the same. A notice that ran out is told by its date.
    """

    class State(models.TextChoices):
        OPEN = "OPEN", "公告"
        OBJECTED = "OBJECTED", "被异议终止"
        WITHDRAWN = "WITHDRAWN", "已撤回"
        USED = "USED", "已注销"

    number = models.CharField("公告编号", max_length=24, unique=True)
    company = models.ForeignKey(
        Company, models.PROTECT, related_name="notices", verbose_name="商事主体"
    )
    way = models.CharField("注销方式", max_length=10)
    facts = models.JSONField("公告内容")
    state = models.CharField("状态", max_length=9, choices=State.choices, default=State.OPEN)
    account_id = models.BigIntegerField("发布账户")
    published_at = models.DateTimeField("发布时间")
    ends_date = models.DateField("公告期至")

    class Meta:
        verbose_name = "注销公告"
        constraints = [
            models.UniqueConstraint(
                fields=["company"], condition=Q(state="OPEN"), name="cancellation_notice_once"
            ),
        ]
        indexes = [models.Index(fields=["state", "-ends_date"], name="cancellation_notice_list")]

    def __str__(self) -> str:
        return f"{self.number} {self.company_id}"


class CreditorClaim(models.Model):
    """What a creditor says while a cancellation is announced (债权人异议、债权申报)."""

    class State(models.TextChoices):
        OPEN = "OPEN", "待答复"
        SETTLED = "SETTLED", "已清偿"
        DISPUTED = "DISPUTED", "有争议"

    notice = models.ForeignKey(
        CancellationNotice, models.PROTECT, related_name="claims", verbose_name="注销公告"
    )
    number = models.CharField("登记编号", max_length=24, unique=True)
    creditor = protected(models.CharField("债权人", max_length=120), level=2)
    contact = protected(models.CharField("联系方式", max_length=120), level=3)
    amount_wan = models.DecimalField("金额（万元）", max_digits=16, decimal_places=2, null=True)
    grounds = models.TextField("事由")
    state = models.CharField("状态", max_length=8, choices=State.choices, default=State.OPEN)
    answer = models.TextField("答复", blank=True)
    received_at = models.DateTimeField("收到时间")
    answered_at = models.DateTimeField("答复时间", null=True)

    objects = PersonalDataManager()

    class Meta:
        verbose_name = "债权人异议"
        indexes = [models.Index(fields=["notice", "state"], name="creditor_claim_notice")]

    def __str__(self) -> str:
        return self.number


class FollowUp(models.Model):
    """What comes with a new company without another form (多证合一事项): tax, seals, social insurance, housing fund."""

    class State(models.TextChoices):
        OPEN = "OPEN", "待办"
        DONE = "DONE", "已办"

    company = models.ForeignKey(
        Company, models.PROTECT, related_name="follow_ups", verbose_name="商事主体"
    )
    kind = models.CharField("事项", max_length=20)
    department = models.ForeignKey(
        "identity_organisations.Department",
        models.PROTECT,
        related_name="+",
        verbose_name="承办部门",
    )
    facts = models.JSONField("推送内容")
    state = models.CharField("状态", max_length=4, choices=State.choices, default=State.OPEN)
    opened_at = models.DateTimeField("推送时间")
    done_at = models.DateTimeField("办结时间", null=True)
    note = models.CharField("办理结果", max_length=200, blank=True)

    class Meta:
        verbose_name = "多证合一事项"
        constraints = [
            models.UniqueConstraint(fields=["company", "kind"], name="follow_up_once"),
        ]
        indexes = [models.Index(fields=["department", "state", "-id"], name="follow_up_desk")]

    def __str__(self) -> str:
        return f"{self.company_id} {self.kind}"


class FileTransfer(models.Model):
    """The file of a company that goes to its new registrar (档案移交): asked for, handed over, received.

    contents: what the file consists of, see `files.contents_of`; digest: SHA-256 of it, so that what was handed
    over can be proven; papers: volumes on paper that follow. Source: 市场主体登记管理条例第二十七条 (memory).
    """

    class State(models.TextChoices):
        ASKED = "ASKED", "待移交"
        HANDED = "HANDED", "已移交"
        OBJECTED = "OBJECTED", "提出异议"
        RECEIVED = "RECEIVED", "已接收"
        CALLED_OFF = "CALLED_OFF", "已撤销"

    number = models.CharField("移交编号", max_length=24, unique=True)
    company = models.ForeignKey(
        Company, models.PROTECT, related_name="transfers", verbose_name="商事主体"
    )
    application_number = models.CharField("办件编号", max_length=50, unique=True)
    from_department = models.ForeignKey(
        "identity_organisations.Department",
        models.PROTECT,
        related_name="+",
        verbose_name="迁出登记机关",
    )
    to_department = models.ForeignKey(
        "identity_organisations.Department",
        models.PROTECT,
        related_name="+",
        verbose_name="迁入登记机关",
    )
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.ASKED)
    asked_at = models.DateTimeField("商请时间")
    due_date = models.DateField("移交期限")
    contents = models.JSONField("档案目录", default=dict)
    digest = models.CharField("目录摘要", max_length=64, blank=True)
    papers = models.PositiveSmallIntegerField("纸质卷数", default=0)
    note = models.CharField("说明", max_length=500, blank=True)
    account_id = models.BigIntegerField("经办账户", null=True)
    answered_at = models.DateTimeField("答复时间", null=True)
    ended_at = models.DateTimeField("办结时间", null=True)

    class Meta:
        verbose_name = "档案移交"
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="HANDED") | ~Q(digest=""), name="file_transfer_handed_what"
            ),
            models.CheckConstraint(
                condition=~Q(state="OBJECTED") | ~Q(note=""), name="file_transfer_objected_why"
            ),
        ]
        indexes = [
            models.Index(fields=["from_department", "state", "-id"], name="file_transfer_from"),
            models.Index(fields=["to_department", "state", "-id"], name="file_transfer_to"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.company_id}"


class RegistryTaking(models.Model):
    """A company that the registry had and this register did not (承接登记信息), taken up as the registry had it.

    facts: field of the registry → {value, text, source {zh, en}, as_of}: what stood there, from whom, since when.
    checked_at: when the registrar had settled every difference.
    """

    company = models.OneToOneField(
        Company, models.PROTECT, related_name="taking", verbose_name="商事主体"
    )
    facts = models.JSONField("基础库所载信息")
    account_id = models.BigIntegerField("承接账户", null=True)
    taken_at = models.DateTimeField("承接时间")
    checked_at = models.DateTimeField("核对时间", null=True)

    class Meta:
        verbose_name = "承接登记信息"
        indexes = [models.Index(fields=["checked_at", "-id"], name="registry_taking_open")]

    def __str__(self) -> str:
        return f"{self.company_id}"


class RegisterDifference(models.Model):
    """A point on which the register and somebody else differ (登记信息差异), until the registrar settles it.

    field: a fact of the company; value: {"value": plain value, "text": what a person reads}; by: who says so.
    """

    class By(models.TextChoices):
        COMPANY = "COMPANY", "企业申报"
        REGISTRY = "REGISTRY", "法人库"

    class State(models.TextChoices):
        OPEN = "OPEN", "待核对"
        KEPT = "KEPT", "维持登记簿"
        TAKEN = "TAKEN", "采用该值"

    company = models.ForeignKey(
        Company, models.PROTECT, related_name="differences", verbose_name="商事主体"
    )
    field = models.CharField("登记事项", max_length=24)
    by = models.CharField("提出方", max_length=8, choices=By.choices)
    value = models.JSONField("不同取值")
    source = models.JSONField("来源", default=dict)
    as_of = models.DateField("来源日期", null=True)
    state = models.CharField("状态", max_length=5, choices=State.choices, default=State.OPEN)
    reason = models.CharField("核对理由", max_length=300, blank=True)
    found_at = models.DateTimeField("发现时间")
    settled_by = models.BigIntegerField("核对账户", null=True)
    settled_at = models.DateTimeField("核对时间", null=True)

    class Meta:
        verbose_name = "登记信息差异"
        constraints = [
            models.CheckConstraint(
                condition=Q(state="OPEN", settled_at__isnull=True)
                | ~Q(state="OPEN") & Q(settled_at__isnull=False) & ~Q(reason=""),
                name="register_difference_settled_why",
            ),
        ]
        indexes = [
            models.Index(fields=["company", "state"], name="register_difference_open"),
        ]

    def __str__(self) -> str:
        return f"{self.company_id} {self.field}"
