from django.db import models


class VirtualDataset(models.Model):
    """A thematic dataset over sources that stay where they are (虚拟库主题库).

    draft: the working definition as plain JSON; draft_accounts: who wrote or submitted it, none of
    whom may publish it. resource_code: its entry in the catalogue.
    """

    class State(models.TextChoices):
        DRAFT = "DRAFT", "编制中"
        SUBMITTED = "SUBMITTED", "待审核"
        REJECTED = "REJECTED", "已退回"
        PUBLISHED = "PUBLISHED", "已发布"

    key = models.CharField("标识", max_length=40, unique=True)
    department_id = models.BigIntegerField("提供方", null=True)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.DRAFT)
    draft = models.JSONField("编制内容")
    draft_title = models.CharField("名称", max_length=200)
    draft_accounts = models.JSONField("编制账户", default=list)
    current_version = models.ForeignKey(
        "resources_virtual.VirtualVersion",
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name="当前版本",
    )
    resource_id = models.BigIntegerField("信息资源", null=True)
    resource_code = models.CharField("信息资源代码", max_length=60, blank=True)
    reason = models.CharField("退回理由", max_length=2000, blank=True)
    submitted_at = models.DateTimeField("提交时间", null=True)
    is_made = models.BooleanField("演示数据", default=False)

    class Meta:
        verbose_name = "主题库"
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state="PUBLISHED") | models.Q(current_version__isnull=False),
                name="virtual_published_has_version",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.draft_title}"


class VirtualVersion(models.Model):
    """What a dataset was from one day on (主题库版本); never changed but for its last day."""

    dataset = models.ForeignKey(
        VirtualDataset, models.PROTECT, related_name="versions", verbose_name="主题库"
    )
    number = models.PositiveIntegerField("版本号")
    spec = models.JSONField("内容")
    digest = models.CharField("摘要", max_length=64)
    submitted_by = models.BigIntegerField("提交账户", null=True)
    published_by = models.BigIntegerField("审核账户", null=True)
    valid_from = models.DateTimeField("发布时间")
    valid_to = models.DateTimeField("停用时间", null=True)

    class Meta:
        verbose_name = "主题库版本"
        constraints = [
            models.UniqueConstraint(fields=["dataset", "number"], name="virtual_version_number"),
            models.CheckConstraint(
                condition=~models.Q(submitted_by=models.F("published_by")),
                name="virtual_version_two_persons",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dataset_id} v{self.number}"


class VirtualRun(models.Model):
    """One question to a dataset (主题库查询): who asked what for, how far it is, what it gave.

    reports: what each source was asked and gave. The answer itself, masked for the asker, lies in a
    file below the installation's data until it is a week old.
    """

    class State(models.TextChoices):
        QUEUED = "QUEUED", "排队中"
        RUNNING = "RUNNING", "查询中"
        DONE = "DONE", "已完成"
        INCOMPLETE = "INCOMPLETE", "不完整"
        FAILED = "FAILED", "失败"
        CANCELLED = "CANCELLED", "已取消"

    number = models.CharField("查询编号", max_length=24, unique=True)
    version = models.ForeignKey(
        VirtualVersion, models.PROTECT, related_name="runs", verbose_name="主题库版本"
    )
    account_id = models.BigIntegerField("查询账户", null=True, db_index=True)
    post_id = models.BigIntegerField("查询岗位", null=True)
    department_id = models.BigIntegerField("查询部门", null=True)
    purpose = models.CharField("使用目的", max_length=200)
    query = models.JSONField("查询内容")
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.QUEUED)
    error_code = models.CharField("错误代码", max_length=40, blank=True)
    error_params = models.JSONField("错误参数", default=dict)
    reports = models.JSONField("下推说明", default=list)
    rows = models.PositiveIntegerField("行数", null=True)
    hidden = models.PositiveIntegerField("抑制组数", default=0)
    is_cut = models.BooleanField("超出上限", default=False)
    seconds = models.FloatField("耗时（秒）", null=True)
    created_at = models.DateTimeField("提交时间")
    finished_at = models.DateTimeField("完成时间", null=True)

    class Meta:
        verbose_name = "主题库查询"
        indexes = [models.Index(fields=["state", "created_at"], name="virtual_run_state")]

    def __str__(self) -> str:
        return f"{self.number} {self.state}"
