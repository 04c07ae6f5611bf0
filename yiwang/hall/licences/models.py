"""Electronic licences (电子证照), their types, and the counter of their serial numbers."""

from django.db import models

from yiwang.identity.api import PersonalDataManager, protected


class LicenceType(models.Model):
    """One version of a type of licence (证照类型). A changed definition is a new version."""

    class Holder(models.TextChoices):
        PERSON = "PERSON", "自然人"
        ENTERPRISE = "ENTERPRISE", "法人"

    class Template(models.TextChoices):
        CARD = "CARD", "卡式"
        CERTIFICATE = "CERTIFICATE", "证书式"

    key = models.CharField("键", max_length=80)
    version = models.PositiveIntegerField("版本")
    digest = models.CharField("摘要", max_length=64)
    source = models.CharField("来源", max_length=80)
    title = models.JSONField("名称")
    type_code = models.CharField("证照类型代码", max_length=21)
    holder = models.CharField("持证主体", max_length=10, choices=Holder.choices)
    validity_years = models.PositiveSmallIntegerField("有效年数", null=True)
    fields = models.JSONField("照面信息项")
    template = models.CharField("版式", max_length=11, choices=Template.choices)
    legal_basis = models.JSONField("依据", default=list)
    loaded_at = models.DateTimeField("载入时间")

    class Meta:
        verbose_name = "证照类型"
        constraints = [
            models.UniqueConstraint(fields=["key", "version"], name="licence_type_version"),
        ]

    def __str__(self) -> str:
        return f"{self.key}@{self.version}"


class Licence(models.Model):
    """One licence (证照) of one holder, with what stood on it on the day of issue.

    Expiry is not stored: it follows from the dates (`rules.state_on`).
    """

    class State(models.TextChoices):
        VALID = "VALID", "有效"
        SUSPENDED = "SUSPENDED", "暂扣"
        REVOKED = "REVOKED", "撤销"
        REPLACED = "REPLACED", "已变更"
        CANCELLED = "CANCELLED", "注销"

    licence_type = models.ForeignKey(
        LicenceType, models.PROTECT, related_name="licences", verbose_name="证照类型"
    )
    type_key = models.CharField("证照类型键", max_length=80)
    identifier = models.CharField("证照标识", max_length=128, unique=True)
    number = models.CharField("证照编号", max_length=64)
    version = models.PositiveSmallIntegerField("版本", default=1)
    previous = models.OneToOneField(
        "self", models.PROTECT, related_name="next", verbose_name="变更前证照", null=True
    )
    holder_ref = protected(models.CharField("持证主体", max_length=80), level=3)
    holder_name = protected(models.CharField("持证主体名称", max_length=160), level=3)
    holder_number = protected(models.CharField("持证主体代码", max_length=32), level=4)
    face = protected(models.JSONField("照面信息", default=list), level=3)
    area_code = models.CharField("管辖属地", max_length=12)
    department_id = models.BigIntegerField("颁发部门")
    issuer_name = models.CharField("颁发机构", max_length=160)
    issuer_uscc = models.CharField("颁发机构代码", max_length=18)
    issued_at = models.DateTimeField("颁发时间")
    valid_from = models.DateField("有效期起")
    valid_to = models.DateField("有效期止", null=True)
    state = models.CharField("状态", max_length=9, choices=State.choices, default=State.VALID)
    state_reason = models.TextField("状态理由", blank=True)
    state_basis = models.TextField("状态依据", blank=True)
    state_at = models.DateTimeField("状态时间", null=True)
    source = models.CharField("来源", max_length=80)
    account_id = models.BigIntegerField("通知账户", null=True)
    verify_code = models.CharField("查验码", max_length=16, unique=True)
    expiry_told_at = models.DateTimeField("到期提醒时间", null=True)
    document_path = models.CharField("版式文件", max_length=160, blank=True)
    document_sha256 = models.CharField("文件摘要", max_length=64, blank=True)
    is_made = models.BooleanField("演示数据", default=True)

    objects = PersonalDataManager()

    class Meta:
        verbose_name = "证照"
        # `_base_manager` stays Django's own: related rows are reached only from scoped ones.
        constraints = [
            models.UniqueConstraint(fields=["source", "type_key"], name="licence_once"),
            models.UniqueConstraint(
                fields=["type_key", "number", "version"], name="licence_number_version_once"
            ),
            models.CheckConstraint(
                condition=models.Q(valid_to__isnull=True)
                | models.Q(valid_to__gte=models.F("valid_from")),
                name="licence_dates_in_order",
            ),
        ]
        indexes = [
            models.Index(fields=["holder_ref", "-id"], name="licence_holder"),
            models.Index(fields=["department_id", "-id"], name="licence_department"),
            models.Index(fields=["type_key", "valid_to"], name="licence_expiry"),
        ]

    def __str__(self) -> str:
        return self.identifier


class LicenceCheck(models.Model):
    """The yearly check of a licence (年检): passed, or not and why. One a licence and year."""

    licence = models.ForeignKey(Licence, models.PROTECT, related_name="checks", verbose_name="证照")
    year = models.PositiveSmallIntegerField("年度")
    is_passed = models.BooleanField("合格")
    note = models.TextField("检查情况", blank=True)
    officer_name = models.CharField("检查人", max_length=80)
    at = models.DateTimeField("检查时间")

    class Meta:
        verbose_name = "证照年检"
        constraints = [
            models.UniqueConstraint(fields=["licence", "year"], name="licence_check_once"),
        ]

    def __str__(self) -> str:
        return f"{self.licence_id} {self.year}"


class Presentation(models.Model):
    """A licence shown to somebody for one purpose (亮证): some fields, for some minutes, a few looks."""

    licence = models.ForeignKey(
        Licence, models.PROTECT, related_name="presentations", verbose_name="证照"
    )
    code = models.CharField("亮证码", max_length=16, unique=True)
    purpose = models.CharField("用途", max_length=120)
    fields = models.JSONField("出示内容")
    looks_left = models.PositiveSmallIntegerField("剩余次数")
    made_at = models.DateTimeField("出示时间")
    expires_at = models.DateTimeField("失效时间")

    class Meta:
        verbose_name = "亮证"

    def __str__(self) -> str:
        return f"{self.licence_id} {self.purpose}"


class LicenceUse(models.Model):
    """Who used a licence, when and what for (用证记录), for its holder to see. Rows are only ever added."""

    class Kind(models.TextChoices):
        VERIFIED = "VERIFIED", "公开查验"
        SHOWN = "SHOWN", "亮证被查看"
        REUSED = "REUSED", "办事复用"
        VIEWED = "VIEWED", "部门查看"

    licence = models.ForeignKey(Licence, models.PROTECT, related_name="uses", verbose_name="证照")
    kind = models.CharField("方式", max_length=8, choices=Kind.choices)
    purpose = models.CharField("用途", max_length=200, blank=True)
    by = models.CharField("使用方", max_length=160, blank=True)
    at = models.DateTimeField("时间")

    class Meta:
        verbose_name = "用证记录"
        indexes = [models.Index(fields=["licence", "-id"], name="licence_use_newest")]

    def __str__(self) -> str:
        return f"{self.licence_id} {self.kind}"
