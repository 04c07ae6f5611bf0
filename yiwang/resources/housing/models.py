from django.db import models

from yiwang.identity.api import PersonalDataManager, protected


class HousingEvent(models.Model):
    """A department's report about a dwelling (住房事件); rows are only ever added.

    payload names the parties by reference; `unknown:` carries an identifier that the population
    registry did not know when the report came.
    """

    function = models.CharField("职能", max_length=40)
    key = models.CharField("报送编号", max_length=60)
    dwelling_number = models.CharField("不动产单元代码", max_length=28)
    kind = models.CharField("事件类型", max_length=20)
    document = models.CharField("依据文书", max_length=60)
    effective_date = models.DateField("生效日期")
    issued_date = models.DateField("文书日期")
    corrects = models.CharField("更正的报送编号", max_length=60, blank=True)
    payload = protected(models.JSONField("内容"), level=4)
    digest = models.CharField("报送摘要", max_length=64)
    department_id = models.BigIntegerField("报送部门", null=True)
    recorded_at = models.DateTimeField("记录时间")
    is_made = models.BooleanField("演示数据", default=False)

    objects = PersonalDataManager()

    class Meta:
        verbose_name = "住房事件"
        constraints = [
            models.UniqueConstraint(fields=["function", "key"], name="housing_event_once"),
        ]
        indexes = [
            models.Index(fields=["dwelling_number", "recorded_at"], name="housing_event_dwelling"),
        ]

    def __str__(self) -> str:
        return f"{self.function} {self.key} {self.kind}"


class HousingLink(models.Model):
    """A dwelling that a division or a joining names (分割合并关联), so that they are read together."""

    event = models.ForeignKey(
        HousingEvent, models.PROTECT, related_name="links", verbose_name="住房事件"
    )
    dwelling_number = models.CharField("不动产单元代码", max_length=28, db_index=True)

    class Meta:
        verbose_name = "分割合并关联"
        constraints = [
            models.UniqueConstraint(fields=["event", "dwelling_number"], name="housing_link_once"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} {self.dwelling_number}"


class HousingException(models.Model):
    """A report that could not take effect (住房异常), with why. It waits until that is mended."""

    class State(models.TextChoices):
        OPEN = "OPEN", "待处理"
        RESOLVED = "RESOLVED", "已生效"
        SET_ASIDE = "SET_ASIDE", "已搁置"

    event = models.OneToOneField(
        HousingEvent, models.PROTECT, related_name="exception", verbose_name="住房事件"
    )
    department_id = models.BigIntegerField("报送部门", null=True)
    dwelling_number = models.CharField("不动产单元代码", max_length=28, db_index=True)
    kind = models.CharField("事件类型", max_length=20)
    reason = models.CharField("原因", max_length=24)
    params = models.JSONField("原因参数", default=dict)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.OPEN)
    opened_at = models.DateTimeField("出现时间")
    closed_at = models.DateTimeField("处理时间", null=True)
    closed_by = models.BigIntegerField("处理账户", null=True)
    note = models.CharField("说明", max_length=2000, blank=True)

    class Meta:
        verbose_name = "住房异常"
        indexes = [
            models.Index(fields=["department_id", "state", "id"], name="housing_exception_state"),
        ]

    def __str__(self) -> str:
        return f"{self.dwelling_number} {self.reason} {self.state}"


class Dwelling(models.Model):
    """A dwelling as it stands today (住房): projected from its events, never written by hand.

    Before its acceptance arrived it has no address and is in no list. next_change_date: when it has
    to be projected again although nothing was reported.
    """

    number = models.CharField("不动产单元代码", max_length=28, unique=True)
    address = models.CharField("标准地址", max_length=200, blank=True)
    area_code = models.CharField("行政区划", max_length=6, blank=True)
    community_code = models.CharField("社区代码", max_length=12, blank=True, db_index=True)
    building = models.CharField("幢号", max_length=40, blank=True)
    unit = models.CharField("单元", max_length=40, blank=True)
    flat = models.CharField("室号", max_length=40, blank=True)
    area_m2 = models.DecimalField("建筑面积（平方米）", max_digits=9, decimal_places=2, default=0)
    structure = models.CharField("结构", max_length=10, blank=True)
    purpose = models.CharField("规划用途", max_length=12, blank=True)
    year = models.PositiveSmallIntegerField("建成年份", default=0)
    longitude = models.FloatField("经度", null=True)
    latitude = models.FloatField("纬度", null=True)
    use = models.CharField("使用状况", max_length=14, blank=True)
    is_standing = models.BooleanField("存续", default=False)
    demolished_date = models.DateField("拆除日期", null=True)
    # What it became by division or joining, and what it came from: unit codes.
    ended_date = models.DateField("分割合并日期", null=True)
    ended_kind = models.CharField("分割合并", max_length=8, blank=True)
    ended_into = models.JSONField("变更后住房", default=list)
    origins = models.JSONField("变更前住房", default=list)
    residents_count = models.PositiveIntegerField("居住人数", default=0)
    events_count = models.PositiveIntegerField("事件数", default=0)
    next_change_date = models.DateField("下次变化日期", null=True, db_index=True)
    projected_on = models.DateField("投影日期")
    is_made = models.BooleanField("演示数据", default=False)

    class Meta:
        verbose_name = "住房"
        indexes = [
            models.Index(fields=["area_code", "use", "id"], name="dwelling_area_use"),
            models.Index(fields=["address"], name="dwelling_address"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.address}"


class Ownership(models.Model):
    """A share of a dwelling (住房权属), as a fraction; the shares of one dwelling sum to 1."""

    dwelling = models.ForeignKey(
        Dwelling, models.CASCADE, related_name="owners", verbose_name="住房"
    )
    holder_ref = protected(models.CharField("权利人", max_length=60, db_index=True), level=3)
    numerator = models.BigIntegerField("份额分子")
    denominator = models.BigIntegerField("份额分母")
    since = models.DateField("取得日期")
    document = models.CharField("依据文书", max_length=60)

    objects = PersonalDataManager()

    class Meta:
        verbose_name = "住房权属"
        constraints = [
            models.UniqueConstraint(fields=["dwelling", "holder_ref"], name="ownership_once"),
            models.CheckConstraint(
                condition=models.Q(
                    numerator__gt=0, denominator__gt=0, numerator__lte=models.F("denominator")
                ),
                name="ownership_share",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dwelling_id} {self.numerator}/{self.denominator}"


class HousingEncumbrance(models.Model):
    """A mortgage or seizure in force (住房限制)."""

    class Kind(models.TextChoices):
        MORTGAGE = "MORTGAGE", "抵押"
        SEIZURE = "SEIZURE", "查封"

    dwelling = models.ForeignKey(
        Dwelling, models.CASCADE, related_name="encumbrances", verbose_name="住房"
    )
    kind = models.CharField("类型", max_length=8, choices=Kind.choices)
    document = models.CharField("依据文书", max_length=60)
    holder = protected(models.CharField("权利人或机关", max_length=200), level=3)
    amount_fen = protected(models.BigIntegerField("金额（分）"), level=3)
    since = models.DateField("登记日期")

    objects = PersonalDataManager()

    class Meta:
        verbose_name = "住房限制"
        constraints = [
            models.UniqueConstraint(fields=["dwelling", "document"], name="encumbrance_once"),
        ]

    def __str__(self) -> str:
        return f"{self.dwelling_id} {self.kind} {self.document}"


class Tenancy(models.Model):
    """A filed lease (住房租赁), past and future ones too."""

    dwelling = models.ForeignKey(
        Dwelling, models.CASCADE, related_name="tenancies", verbose_name="住房"
    )
    document = models.CharField("备案编号", max_length=60)
    landlord_ref = protected(models.CharField("出租人", max_length=60, db_index=True), level=3)
    tenant_ref = protected(models.CharField("承租人", max_length=60, db_index=True), level=3)
    start_date = models.DateField("起租日期")
    end_date = models.DateField("到期日期")
    rent_fen = protected(models.BigIntegerField("月租金（分）"), level=3)
    part = models.CharField("出租部位", max_length=200, blank=True)

    objects = PersonalDataManager()

    class Meta:
        verbose_name = "住房租赁"
        constraints = [
            models.UniqueConstraint(fields=["dwelling", "document"], name="tenancy_once"),
        ]

    def __str__(self) -> str:
        return f"{self.dwelling_id} {self.document}"


class Residence(models.Model):
    """Somebody registered at a dwelling (居住登记)."""

    dwelling = models.ForeignKey(
        Dwelling, models.CASCADE, related_name="residents", verbose_name="住房"
    )
    person_ref = protected(models.CharField("居住人", max_length=60, db_index=True), level=3)
    since = models.DateField("登记日期")

    objects = PersonalDataManager()

    class Meta:
        verbose_name = "居住登记"
        constraints = [
            models.UniqueConstraint(fields=["dwelling", "person_ref"], name="residence_once"),
        ]

    def __str__(self) -> str:
        return f"{self.dwelling_id} {self.since}"


class HousingDeal(models.Model):
    """A transaction of a dwelling (住房交易): a filed contract or a transfer."""

    dwelling = models.ForeignKey(
        Dwelling, models.CASCADE, related_name="deals", verbose_name="住房"
    )
    kind = models.CharField("类型", max_length=20)
    document = models.CharField("依据文书", max_length=60)
    on_date = models.DateField("日期")
    cause = models.CharField("原因", max_length=12)
    price_fen = protected(models.BigIntegerField("价格（分）"), level=3)

    objects = PersonalDataManager()

    class Meta:
        verbose_name = "住房交易"
        constraints = [
            models.UniqueConstraint(
                fields=["dwelling", "kind", "document"], name="housing_deal_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dwelling_id} {self.kind} {self.on_date}"
