from django.db import models


class Matter(models.Model):
    """A government service matter (政务服务事项) under its code; what it says is in its versions."""

    class Kind(models.TextChoices):
        APPLY = "APPLY", "可在线办理"
        GUIDE_ONLY = "GUIDE_ONLY", "仅办事指南"

    code = models.CharField("事项编码", max_length=12, unique=True)
    local_task_code = models.CharField("地方实施编码", max_length=80, blank=True)
    kind = models.CharField("类别", max_length=10, choices=Kind.choices)
    current_version = models.ForeignKey(
        "hall_matters.MatterVersion",
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name="当前版本",
    )
    applications_count = models.PositiveIntegerField("办件量", default=0)

    class Meta:
        verbose_name = "政务服务事项"
        constraints = [
            models.UniqueConstraint(
                fields=["local_task_code"],
                condition=~models.Q(local_task_code=""),
                name="matter_local_task_code_once",
            ),
        ]
        indexes = [
            models.Index(fields=["-applications_count", "code"], name="matter_popular"),
        ]

    def __str__(self) -> str:
        return self.code


class MatterVersion(models.Model):
    """What a matter said from one day on (事项版本). A change adds a version; old ones never change.

    spec: the checked definition as plain JSON (`yiwang.sdk.packs.MatterDefinition`), with licence
    references in full. The columns besides are copies for lists and filters.
    """

    matter = models.ForeignKey(Matter, models.PROTECT, related_name="versions", verbose_name="事项")
    number = models.PositiveIntegerField("版本号")
    spec = models.JSONField("内容")
    digest = models.CharField("摘要", max_length=64)
    form_version_id = models.BigIntegerField("表单版本", null=True)
    process_version_id = models.BigIntegerField("流程版本", null=True)
    title = models.CharField("名称", max_length=300)
    title_en = models.CharField("英文名称", max_length=300, blank=True)
    department_function = models.CharField("部门职能", max_length=40, db_index=True)
    level = models.CharField("行使层级", max_length=8)
    item_type = models.CharField("事项类型", max_length=2, db_index=True)
    is_on_the_spot = models.BooleanField("即办件", default=False)
    source = models.CharField("来源", max_length=80)
    source_note = models.JSONField("来源说明", default=dict)
    valid_from = models.DateTimeField("启用时间")
    valid_to = models.DateTimeField("停用时间", null=True)
    is_made = models.BooleanField("演示数据", default=False)

    class Meta:
        verbose_name = "事项版本"
        constraints = [
            models.UniqueConstraint(fields=["matter", "number"], name="matter_version_number"),
            models.UniqueConstraint(
                fields=["matter"],
                condition=models.Q(valid_to__isnull=True),
                name="matter_version_one_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.matter_id} v{self.number} {self.title}"


class MatterFacet(models.Model):
    """One value by which the current version is found (事项分面).

    facet: THEME 主题, LIFE_EVENT 人生事件 or SERVICE_OBJECT 服务对象.
    """

    class Facet(models.TextChoices):
        THEME = "THEME", "主题"
        LIFE_EVENT = "LIFE_EVENT", "人生事件"
        SERVICE_OBJECT = "SERVICE_OBJECT", "服务对象"

    matter = models.ForeignKey(Matter, models.CASCADE, related_name="facets", verbose_name="事项")
    facet = models.CharField("分面", max_length=16, choices=Facet.choices)
    value = models.CharField("取值", max_length=40)

    class Meta:
        verbose_name = "事项分面"
        constraints = [
            models.UniqueConstraint(fields=["matter", "facet", "value"], name="matter_facet_once"),
        ]
        indexes = [models.Index(fields=["facet", "value", "matter"], name="matter_facet_value")]

    def __str__(self) -> str:
        return f"{self.facet} {self.value}"


class MatterFormChoice(models.Model):
    """A newer version of a matter's form that the city chose (事项表单选用), until its source brings another.

    given_form_version_id: what the source of the matter names; as long as it names that one, the chosen
    one is used in its place.
    """

    matter = models.OneToOneField(
        Matter, models.CASCADE, related_name="form_choice", verbose_name="事项"
    )
    given_form_version_id = models.BigIntegerField("来源所定表单版本")
    form_version_id = models.BigIntegerField("选用表单版本")
    reason = models.TextField("选用理由")
    chosen_by_name = models.CharField("选用人", max_length=80, blank=True)
    chosen_at = models.DateTimeField("选用时间")

    class Meta:
        verbose_name = "事项表单选用"

    def __str__(self) -> str:
        return f"{self.matter_id} {self.form_version_id}"


class MatterRuling(models.Model):
    """What a decision table said of one application when it was submitted (判定记录); never changed.

    value: what the rule gives, with its words; rules: [{table, rules}], which fired. No personal data: what was
    asked stands in the application.
    """

    class Purpose(models.TextChoices):
        ELIGIBILITY = "ELIGIBILITY", "资格判定"
        ROUTING = "ROUTING", "承办分工"

    subject = models.CharField("所属业务", max_length=120, db_index=True)
    purpose = models.CharField("用途", max_length=11, choices=Purpose.choices)
    model = models.CharField("决策模型", max_length=120)
    question = models.CharField("决策", max_length=120)
    decision_version_id = models.BigIntegerField("决策模型版本")
    value = models.JSONField("结论")
    rules = models.JSONField("触发规则")
    ruled_at = models.DateTimeField("判定时间")

    class Meta:
        verbose_name = "判定记录"

    def __str__(self) -> str:
        return f"{self.subject} {self.purpose}"
