from django.db import models

from yiwang.identity.api import PersonalDataManager, protected

# to_master of what is still in force.
OPEN = 2_147_483_647


class Registry(models.Model):
    """A registry (基础库) and its pointer: the number of the master that readers see; 0 before the first."""

    name = models.CharField("基础库", max_length=20, primary_key=True)
    current = models.IntegerField("现行主数据", default=0)
    # The next sequence of `ref_make`: a reference is given once and never again.
    next_sequence = models.BigIntegerField("下一主体序号", default=1)
    moved_at = models.DateTimeField("切换时间", null=True)
    # What the worker does for it at the moment, or did last.
    job_state = models.CharField("任务状态", max_length=10, blank=True)
    job_stage = models.CharField("任务阶段", max_length=40, blank=True)
    job_done = models.BigIntegerField("任务进度", default=0)
    job_total = models.BigIntegerField("任务总量", default=0)
    job_problem = models.TextField("任务问题", blank=True)
    job_at = models.DateTimeField("任务时间", null=True)
    job_by = models.BigIntegerField("任务账户", null=True)
    job_name = models.CharField("任务发起人", max_length=200, blank=True)

    class Meta:
        verbose_name = "基础库"

    def __str__(self) -> str:
        return f"{self.name} {self.current}"


class RegistryMaster(models.Model):
    """A version of a registry (主数据版本), written unseen, then published by moving the pointer."""

    class State(models.TextChoices):
        WRITING = "WRITING", "写入中"
        HELD = "HELD", "待确认"
        PUBLISHED = "PUBLISHED", "已发布"
        ROLLED_BACK = "ROLLED_BACK", "已回退"
        DISCARDED = "DISCARDED", "已作废"
        PRUNED = "PRUNED", "已清理"

    registry = models.CharField("基础库", max_length=20)
    number = models.IntegerField("版本号")
    base = models.IntegerField("上一版本")
    run = models.CharField("融合运行", max_length=40, blank=True)
    state = models.CharField("状态", max_length=12, choices=State.choices)
    counts = models.JSONField("计数", default=dict)
    # Digest of the files that each bucket was written from; equal ones are not written again.
    buckets = models.JSONField("分桶摘要", default=dict)
    done = models.BigIntegerField("已处理", default=0)
    total = models.BigIntegerField("总数", default=0)
    problem = models.TextField("问题", blank=True)
    started_at = models.DateTimeField("开始时间")
    published_at = models.DateTimeField("发布时间", null=True)
    published_by = models.BigIntegerField("发布账户", null=True)
    published_name = models.CharField("发布人", max_length=200, blank=True)
    reason = models.TextField("理由", blank=True)
    is_made = models.BooleanField("演示数据", default=False)

    class Meta:
        verbose_name = "主数据版本"
        constraints = [
            models.UniqueConstraint(fields=["registry", "number"], name="master_number_once"),
        ]

    def __str__(self) -> str:
        return f"{self.registry} {self.number}"


class RegistryChange(models.Model):
    """A change of who a reference stands for (主体变更): the feed that other systems follow."""

    class Kind(models.TextChoices):
        CREATED = "CREATED", "新增"
        RETIRED = "RETIRED", "退出"
        ABSORBED = "ABSORBED", "并入"
        MERGED = "MERGED", "合并"
        SPLIT = "SPLIT", "拆分"

    registry = models.CharField("基础库", max_length=20)
    master = models.IntegerField("主数据版本")
    kind = models.CharField("变更", max_length=10, choices=Kind.choices)
    ref = models.CharField("主体标识", max_length=11)
    other_ref = models.CharField("去向", max_length=11, blank=True)
    rule = models.CharField("规则", max_length=20, blank=True)

    class Meta:
        verbose_name = "主体变更"
        constraints = [
            models.UniqueConstraint(
                fields=["registry", "master", "kind", "ref", "other_ref"], name="change_once"
            ),
        ]
        indexes = [models.Index(fields=["registry", "ref"], name="change_ref")]

    def __str__(self) -> str:
        return f"{self.registry} {self.master} {self.kind} {self.ref}"


class CheckCount(models.Model):
    """How often an account verified in a minute (核验计数): verification must not become a lookup."""

    account_id = models.BigIntegerField("账户")
    minute = models.BigIntegerField("分钟")
    count = models.IntegerField("次数", default=0)

    class Meta:
        verbose_name = "核验计数"
        constraints = [
            models.UniqueConstraint(fields=["account_id", "minute"], name="check_count_once"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.minute} {self.count}"


class Household(models.Model):
    """A registered household (户) as the sample loader brings it; masters keep the address with the person."""

    ref = models.CharField("户标识", max_length=11, unique=True)
    address = protected(models.CharField("户籍地址", max_length=200), level=3)
    area_code = models.CharField("行政区划", max_length=6)
    community_code = models.CharField("社区代码", max_length=12)
    is_made = models.BooleanField("演示数据", default=False)

    objects = PersonalDataManager()

    class Meta:
        verbose_name = "户"

    def __str__(self) -> str:
        return self.ref


class Versioned(models.Model):
    """A row of a master: it holds for masters from_master <= m < to_master and never changes otherwise.

    uid: the subject in fusion; bucket: its low byte. lineage: see `rules.lineage_read`.
    """

    uid = models.BigIntegerField("融合标识")
    bucket = models.SmallIntegerField("分桶")
    from_master = models.IntegerField("起始版本")
    to_master = models.IntegerField("截止版本", default=OPEN)
    digest = models.BigIntegerField("摘要", default=0)
    records = models.IntegerField("来源记录数", default=0)
    conflict = models.BigIntegerField("冲突字段", default=0)
    lineage = models.TextField("血缘", default="{}")
    is_made = models.BooleanField("演示数据", default=False)

    class Meta:
        abstract = True


class Person(Versioned):
    """A person of the population registry (人口库), one row for each version."""

    ref = models.CharField("主体标识", max_length=11)
    name = protected(models.CharField("姓名", max_length=120, blank=True), level=2)
    # None: a provisional subject, known only from records without a valid number.
    id_number = protected(models.CharField("公民身份号码", max_length=18, null=True), level=4)
    birth_date = protected(models.DateField("出生日期", null=True), level=3)
    sex = protected(models.CharField("性别", max_length=1, blank=True), level=2)
    ethnicity = protected(models.CharField("民族", max_length=2, blank=True), level=3)
    marital_status = protected(models.CharField("婚姻状况", max_length=2, blank=True), level=3)
    phone = protected(models.CharField("手机号码", max_length=20, blank=True), level=3)
    area_code = models.CharField("行政区划", max_length=6, blank=True)
    community_code = models.CharField("社区代码", max_length=12, blank=True)
    address = protected(models.CharField("现住址", max_length=400, blank=True), level=3)
    household_ref = models.CharField("户号", max_length=32, blank=True)
    household_address = protected(models.CharField("户籍地址", max_length=400, blank=True), level=3)
    employer = protected(models.CharField("工作单位", max_length=200, blank=True), level=3)
    employer_uscc = protected(models.CharField("工作单位代码", max_length=18, blank=True), level=3)
    photo_key = models.CharField("照片", max_length=40, blank=True)
    deceased_date = protected(models.DateField("死亡日期", null=True), level=4)

    objects = PersonalDataManager()

    class Meta:
        verbose_name = "人口"
        constraints = [
            models.UniqueConstraint(
                fields=["bucket", "uid", "from_master"], name="person_version_once"
            ),
        ]
        indexes = [
            models.Index(fields=["ref", "from_master"], name="person_ref"),
            models.Index(fields=["id_number"], name="person_id_number"),
            # All that publishing compares, so that it reads no rows.
            models.Index(
                fields=["bucket", "uid", "from_master", "to_master", "digest", "ref"],
                name="person_compared",
            ),
            models.Index(fields=["name", "birth_date"], name="person_name_birth"),
            models.Index(fields=["from_master"], name="person_from"),
            models.Index(
                fields=["to_master"], name="person_to", condition=models.Q(to_master__lt=OPEN)
            ),
        ]

    def __str__(self) -> str:
        return self.ref


class FamilyTie(models.Model):
    """A tie between two people (家庭关系), stored once for each version.

    CHILD: the relative is a child of the person. SPOUSE: the person has the smaller uid.
    """

    class Kind(models.TextChoices):
        SPOUSE = "SPOUSE", "配偶"
        CHILD = "CHILD", "子女"

    person_uid = models.BigIntegerField("本人")
    relative_uid = models.BigIntegerField("亲属")
    kind = protected(models.CharField("关系", max_length=8, choices=Kind.choices), level=3)
    class_number = models.SmallIntegerField("数据类", default=0)
    row_no = models.BigIntegerField("来源行", default=0)
    at = models.DateTimeField("来源时间", null=True)
    valid_from = models.DateField("起始日期", null=True)
    valid_to = models.DateField("终止日期", null=True)
    from_master = models.IntegerField("起始版本")
    to_master = models.IntegerField("截止版本", default=OPEN)
    is_made = models.BooleanField("演示数据", default=False)

    objects = PersonalDataManager()

    class Meta:
        verbose_name = "家庭关系"
        constraints = [
            models.UniqueConstraint(
                fields=["person_uid", "relative_uid", "kind", "from_master"],
                name="family_tie_once",
            ),
            models.CheckConstraint(
                condition=~models.Q(person_uid=models.F("relative_uid")), name="family_tie_of_two"
            ),
        ]
        indexes = [models.Index(fields=["relative_uid"], name="family_tie_relative")]

    def __str__(self) -> str:
        return f"{self.person_uid} {self.kind} {self.relative_uid}"


class Enterprise(Versioned):
    """A legal person of the legal-person registry (法人库), one row for each version.

    Enterprises, institutions and social organisations, told by the first character of the code.
    Registration data are public, the representative's number is not.
    """

    class State(models.TextChoices):
        ACTIVE = "ACTIVE", "存续"
        REVOKED = "REVOKED", "吊销"
        CANCELLED = "CANCELLED", "注销"

    ref = models.CharField("主体标识", max_length=11, blank=True)
    uscc = models.CharField("统一社会信用代码", max_length=18, blank=True)
    organisation_code = models.CharField("组织机构代码", max_length=9, blank=True)
    registration_number = models.CharField("注册号", max_length=40, blank=True)
    name = models.CharField("企业名称", max_length=200, blank=True)
    legal_representative = models.CharField("法定代表人", max_length=120, blank=True)
    legal_representative_ref = models.CharField("法定代表人标识", max_length=11, blank=True)
    representative_id = protected(
        models.CharField("法定代表人身份号码", max_length=18, blank=True), level=4
    )
    registered_address = models.CharField("住所", max_length=400, blank=True)
    area_code = models.CharField("行政区划", max_length=6, blank=True)
    community_code = models.CharField("社区代码", max_length=12, blank=True)
    business_scope = models.TextField("经营范围", blank=True)
    registered_capital = models.DecimalField(
        "注册资本（万元）", max_digits=16, decimal_places=2, null=True
    )
    established_date = models.DateField("成立日期", null=True)
    industry = models.CharField("行业门类", max_length=8, blank=True)
    phone = models.CharField("联系电话", max_length=20, blank=True)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.ACTIVE)

    class Meta:
        verbose_name = "法人"
        constraints = [
            models.UniqueConstraint(
                fields=["bucket", "uid", "from_master"], name="enterprise_version_once"
            ),
        ]
        indexes = [
            models.Index(fields=["ref", "from_master"], name="enterprise_ref"),
            models.Index(fields=["uscc"], name="enterprise_uscc"),
            models.Index(fields=["organisation_code"], name="enterprise_organisation"),
            models.Index(fields=["name"], name="enterprise_name"),
            models.Index(fields=["legal_representative_ref"], name="enterprise_representative"),
            models.Index(fields=["from_master"], name="enterprise_from"),
            models.Index(
                fields=["to_master"], name="enterprise_to", condition=models.Q(to_master__lt=OPEN)
            ),
        ]

    def __str__(self) -> str:
        return self.uscc or self.ref


class OrganisationTie(models.Model):
    """A tie of a legal person (法人关系): a branch, an investor, the representative, for each version.

    organisation_code: whose tie. other: the other's organisation code, or a person's identity number.
    """

    class Kind(models.TextChoices):
        BRANCH = "BRANCH", "分支机构"
        INVESTOR = "INVESTOR", "投资人"
        REPRESENTATIVE = "REPRESENTATIVE", "法定代表人"

    organisation_code = models.CharField("组织机构代码", max_length=9)
    other = protected(models.CharField("对方代码", max_length=18), level=4)
    kind = models.CharField("关系", max_length=16, choices=Kind.choices)
    class_number = models.SmallIntegerField("数据类", default=0)
    row_no = models.BigIntegerField("来源行", default=0)
    at = models.DateTimeField("来源时间", null=True)
    valid_from = models.DateField("起始日期", null=True)
    valid_to = models.DateField("终止日期", null=True)
    from_master = models.IntegerField("起始版本")
    to_master = models.IntegerField("截止版本", default=OPEN)
    is_made = models.BooleanField("演示数据", default=False)

    objects = PersonalDataManager()

    class Meta:
        verbose_name = "法人关系"
        constraints = [
            models.UniqueConstraint(
                fields=["organisation_code", "other", "kind", "from_master"],
                name="organisation_tie_once",
            ),
        ]
        indexes = [models.Index(fields=["other"], name="organisation_tie_other")]

    def __str__(self) -> str:
        return f"{self.organisation_code} {self.kind}"


class RegistryObjection(models.Model):
    """Somebody says that a value is wrong (异议). The supplying department answers."""

    class State(models.TextChoices):
        OPEN = "OPEN", "待答复"
        ANSWERED = "ANSWERED", "已答复"

    class Outcome(models.TextChoices):
        CORRECTED = "CORRECTED", "已更正"
        KEPT = "KEPT", "维持原值"

    number = models.CharField("异议编号", max_length=24, unique=True, null=True)
    subject_ref = models.CharField("对应主体", max_length=80)
    field = models.CharField("字段", max_length=40)
    shown = protected(models.CharField("显示的值", max_length=1000, blank=True), level=3)
    claimed = protected(models.CharField("认为正确的值", max_length=1000), level=3)
    note = protected(models.TextField("说明", blank=True), level=3)
    state = models.CharField("状态", max_length=8, choices=State.choices, default=State.OPEN)
    department_id = models.BigIntegerField("数据提供部门", null=True)
    account_id = models.BigIntegerField("提出账户", null=True)
    created_at = models.DateTimeField("提出时间")
    outcome = models.CharField("结果", max_length=10, choices=Outcome.choices, blank=True)
    answer = models.TextField("答复", blank=True)
    answered_at = models.DateTimeField("答复时间", null=True)
    answered_by = models.BigIntegerField("答复账户", null=True)
    corrected = protected(models.CharField("更正后的值", max_length=1000, blank=True), level=3)
    # The batch that carries the correction; None: it was written here directly.
    batch_number = models.BigIntegerField("更正批次", null=True)
    answered_master = models.IntegerField("答复时的版本", default=0)

    objects = PersonalDataManager()

    class Meta:
        verbose_name = "数据异议"
        constraints = [
            models.UniqueConstraint(
                fields=["subject_ref", "field"],
                condition=models.Q(state="OPEN"),
                name="objection_open_once",
            ),
        ]
        indexes = [
            models.Index(fields=["subject_ref", "-id"], name="objection_subject"),
            models.Index(fields=["department_id", "state", "-id"], name="objection_department"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.subject_ref} {self.field}"
