from django.db import models


class Resource(models.Model):
    """An information resource (信息资源) under its code. What it says is in its versions.

    draft: the working words, as plain JSON; draft_accounts: who wrote or submitted them, none of
    whom may publish them. Department, function, level and area say who provides it.
    """

    class State(models.TextChoices):
        DRAFT = "DRAFT", "编制中"
        SUBMITTED = "SUBMITTED", "待审核"
        REJECTED = "REJECTED", "已退回"
        PUBLISHED = "PUBLISHED", "已发布"
        WITHDRAWN_SUBMITTED = "WITHDRAWN_SUBMITTED", "撤销待审核"
        WITHDRAWN = "WITHDRAWN", "已撤销"

    code = models.CharField("信息资源代码", max_length=60, unique=True)
    department_id = models.BigIntegerField("提供方", null=True)
    function = models.CharField("部门职能", max_length=40)
    level = models.CharField("层级", max_length=8)
    area_code = models.CharField("行政区划", max_length=12)
    state = models.CharField("状态", max_length=20, choices=State.choices, default=State.DRAFT)
    draft = models.JSONField("编制内容")
    draft_title = models.CharField("编制名称", max_length=200)
    draft_accounts = models.JSONField("编制账户", default=list)
    current_version = models.ForeignKey(
        "resources_catalogue.ResourceVersion",
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name="当前版本",
    )
    reason = models.CharField("退回或撤销理由", max_length=2000, blank=True)
    submitted_at = models.DateTimeField("提交时间", null=True)
    last_delivered_at = models.DateTimeField("最近更新时间", null=True)
    source = models.CharField("来源", max_length=200, blank=True)
    pack_ref = models.CharField("应用包数据集", max_length=90, null=True, unique=True)
    is_made = models.BooleanField("演示数据", default=False)

    class Meta:
        verbose_name = "信息资源"
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state__in=["PUBLISHED", "WITHDRAWN_SUBMITTED"])
                | models.Q(current_version__isnull=False),
                name="resource_published_has_version",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="WITHDRAWN") | models.Q(current_version__isnull=True),
                name="resource_withdrawn_has_none",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "submitted_at", "id"], name="resource_state"),
            models.Index(fields=["department_id", "state", "id"], name="resource_department"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.draft_title}"


class ResourceVersion(models.Model):
    """What a resource said from one day on (目录版本); never changed but for its last day.

    spec: `data.ResourceSpec` as plain JSON. The columns besides are copies for lists and filters.
    """

    resource = models.ForeignKey(
        Resource, models.PROTECT, related_name="versions", verbose_name="信息资源"
    )
    number = models.PositiveIntegerField("版本号")
    spec = models.JSONField("内容")
    digest = models.CharField("摘要", max_length=64)
    title = models.CharField("名称", max_length=200)
    title_en = models.CharField("英文名称", max_length=200, blank=True)
    category = models.CharField("类", max_length=12)
    theme = models.CharField("所属领域", max_length=20)
    sharing = models.CharField("共享类型", max_length=1)
    opening = models.CharField("开放类型", max_length=16)
    cycle = models.CharField("更新周期", max_length=12)
    fields_count = models.PositiveIntegerField("信息项数")
    submitted_by = models.BigIntegerField("提交账户", null=True)
    published_by = models.BigIntegerField("审核账户", null=True)
    valid_from = models.DateTimeField("发布时间")
    valid_to = models.DateTimeField("停用时间", null=True)

    class Meta:
        verbose_name = "目录版本"
        constraints = [
            models.UniqueConstraint(fields=["resource", "number"], name="resource_version_number"),
            models.UniqueConstraint(
                fields=["resource"],
                condition=models.Q(valid_to__isnull=True),
                name="resource_version_one_open",
            ),
            models.CheckConstraint(
                condition=~models.Q(submitted_by=models.F("published_by")),
                name="resource_version_two_persons",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.resource_id} v{self.number} {self.title}"


class ResourceProposal(models.Model):
    """What the inventory found (盘点提议); a person takes it up or puts it aside.

    findings: `data.ColumnFinding` as plain JSON: kinds and shares, never values of the source.
    """

    class State(models.TextChoices):
        OPEN = "OPEN", "待处理"
        ACCEPTED = "ACCEPTED", "已采纳"
        DISMISSED = "DISMISSED", "不采纳"

    source = models.CharField("来源", max_length=400)
    name = models.CharField("表或文件", max_length=200)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.OPEN)
    spec = models.JSONField("提议内容")
    findings = models.JSONField("识别结果")
    function = models.CharField("推定职能", max_length=40, blank=True)
    department_id = models.BigIntegerField("推定提供方", null=True)
    rows = models.BigIntegerField("行数", null=True)
    resource = models.ForeignKey(
        Resource, models.PROTECT, null=True, related_name="+", verbose_name="信息资源"
    )
    created_at = models.DateTimeField("发现时间")

    class Meta:
        verbose_name = "盘点提议"
        constraints = [
            models.UniqueConstraint(fields=["source", "name"], name="resource_proposal_once"),
        ]
        indexes = [
            models.Index(fields=["department_id", "state", "id"], name="proposal_department"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.name}"


class DataElement(models.Model):
    """One version of a data element (数据元): how a value of one meaning is written everywhere."""

    key = models.CharField("标识", max_length=40)
    number = models.PositiveIntegerField("版本号")
    title = models.CharField("名称", max_length=100)
    title_en = models.CharField("英文名称", max_length=100, blank=True)
    type = models.CharField("数据类型", max_length=1)
    length = models.PositiveIntegerField("长度", default=0)
    level = models.PositiveSmallIntegerField("敏感级别")
    code_table = models.CharField("代码表", max_length=40, blank=True)
    definition = models.CharField("说明", max_length=500, blank=True)
    valid_from = models.DateTimeField("启用时间")
    valid_to = models.DateTimeField("停用时间", null=True)

    class Meta:
        verbose_name = "数据元"
        constraints = [
            models.UniqueConstraint(fields=["key", "number"], name="data_element_number"),
            models.UniqueConstraint(
                fields=["key"],
                condition=models.Q(valid_to__isnull=True),
                name="data_element_one_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} v{self.number}"


class Crosswalk(models.Model):
    """One version of a crosswalk (代码对照) from one code list to another: entries {code: code}."""

    key = models.CharField("标识", max_length=60)
    number = models.PositiveIntegerField("版本号")
    title = models.CharField("名称", max_length=100)
    from_table = models.CharField("来源代码表", max_length=60)
    to_table = models.CharField("目标代码表", max_length=60)
    entries = models.JSONField("对照")
    valid_from = models.DateTimeField("启用时间")
    valid_to = models.DateTimeField("停用时间", null=True)

    class Meta:
        verbose_name = "代码对照"
        constraints = [
            models.UniqueConstraint(fields=["key", "number"], name="crosswalk_number"),
            models.UniqueConstraint(
                fields=["key"],
                condition=models.Q(valid_to__isnull=True),
                name="crosswalk_one_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} v{self.number}"
