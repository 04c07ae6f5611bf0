from django.db import models

from yiwang.identity.api import PersonalDataManager, protected


class Household(models.Model):
    """A registered household (户)."""

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


class Person(models.Model):
    """A person of the population registry (人口库). `sources`: see rules.source_of."""

    ref = models.CharField("主体标识", max_length=11, unique=True)
    name = protected(models.CharField("姓名", max_length=80), level=2)
    id_number = protected(models.CharField("公民身份号码", max_length=18, unique=True), level=4)
    birth_date = protected(models.DateField("出生日期"), level=3)
    sex = protected(models.CharField("性别", max_length=1), level=2)
    ethnicity = protected(models.CharField("民族", max_length=2), level=3)
    marital_status = protected(models.CharField("婚姻状况", max_length=2), level=3)
    phone = protected(models.CharField("手机号码", max_length=20, blank=True), level=3)
    area_code = models.CharField("行政区划", max_length=6)
    community_code = models.CharField("社区代码", max_length=12, db_index=True)
    address = protected(models.CharField("现住址", max_length=200), level=3)
    household = models.ForeignKey(
        Household,
        models.PROTECT,
        to_field="ref",
        related_name="members",
        verbose_name="户",
    )
    employer_uscc = protected(models.CharField("工作单位代码", max_length=18, blank=True), level=3)
    photo_key = models.CharField("照片", max_length=40, blank=True)
    deceased_date = protected(models.DateField("死亡日期", null=True), level=4)
    sources = models.JSONField("来源", default=dict)
    is_made = models.BooleanField("演示数据", default=False)

    objects = PersonalDataManager()

    class Meta:
        verbose_name = "人口"

    def __str__(self) -> str:
        return self.ref


class FamilyTie(models.Model):
    """A tie between two people (家庭关系), stored once.

    CHILD: the relative is a child of the person. SPOUSE: the person has the smaller reference.
    """

    class Kind(models.TextChoices):
        SPOUSE = "SPOUSE", "配偶"
        CHILD = "CHILD", "子女"

    person = models.ForeignKey(
        Person, models.PROTECT, to_field="ref", related_name="ties", verbose_name="本人"
    )
    relative = models.ForeignKey(
        Person, models.PROTECT, to_field="ref", related_name="ties_to", verbose_name="亲属"
    )
    kind = protected(models.CharField("关系", max_length=8, choices=Kind.choices), level=3)
    is_made = models.BooleanField("演示数据", default=False)

    objects = PersonalDataManager()

    class Meta:
        verbose_name = "家庭关系"
        constraints = [
            models.UniqueConstraint(fields=["person", "relative", "kind"], name="family_tie_once"),
            models.CheckConstraint(
                condition=~models.Q(person=models.F("relative")), name="family_tie_of_two"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.kind} {self.relative_id}"


class Enterprise(models.Model):
    """An enterprise of the legal-person registry (法人库). Its registration data are public."""

    class State(models.TextChoices):
        ACTIVE = "ACTIVE", "存续"
        REVOKED = "REVOKED", "吊销"
        CANCELLED = "CANCELLED", "注销"

    uscc = models.CharField("统一社会信用代码", max_length=18, unique=True)
    name = models.CharField("企业名称", max_length=160, db_index=True)
    legal_representative = models.CharField("法定代表人", max_length=80)
    legal_representative_ref = models.CharField("法定代表人标识", max_length=11, db_index=True)
    registered_address = models.CharField("住所", max_length=200)
    area_code = models.CharField("行政区划", max_length=6, db_index=True)
    community_code = models.CharField("社区代码", max_length=12)
    business_scope = models.TextField("经营范围")
    registered_capital = models.DecimalField("注册资本（万元）", max_digits=14, decimal_places=2)
    established_date = models.DateField("成立日期")
    industry = models.CharField("行业门类", max_length=1)
    phone = models.CharField("联系电话", max_length=20, blank=True)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.ACTIVE)
    sources = models.JSONField("来源", default=dict)
    is_made = models.BooleanField("演示数据", default=False)

    class Meta:
        verbose_name = "企业"

    def __str__(self) -> str:
        return self.uscc


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
