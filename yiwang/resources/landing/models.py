"""Batches, what is in force of a resource, and regular sources."""

from django.db import models


class Feed(models.Model):
    """What is in force of a resource (在用数据): its files, and the counters of batches and rows.

    files: [{"path", "rows", "batch"}], relative to the data folder; previous: those of the revision
    before, kept for readers that are still at them.
    """

    resource = models.OneToOneField(
        "resources_catalogue.Resource", models.PROTECT, related_name="+", verbose_name="信息资源"
    )
    last_number = models.PositiveIntegerField("最后批次号", default=0)
    last_row_no = models.BigIntegerField("最后行号", default=0)
    revision = models.PositiveIntegerField("修订号", default=0)
    files = models.JSONField("在用文件", default=list)
    previous = models.JSONField("上一修订文件", default=list)
    rows = models.BigIntegerField("在用行数", default=0)
    changed_at = models.DateTimeField("变更时间", null=True)

    class Meta:
        verbose_name = "在用数据"

    def __str__(self) -> str:
        return f"{self.resource_id} r{self.revision}"


class Batch(models.Model):
    """One delivery of a resource (批次). Its files stand in `folder`, relative to the data folder.

    token: of the run that works on it, so that a run taken for dead changes nothing afterwards.
    """

    class State(models.TextChoices):
        RECEIVED = "RECEIVED", "已接收"
        RUNNING = "RUNNING", "处理中"
        LANDED = "LANDED", "已入库"
        STOPPED = "STOPPED", "已停止"
        FAILED = "FAILED", "读取失败"
        CANCELLED = "CANCELLED", "已取消"
        WITHDRAWN = "WITHDRAWN", "已撤回"

    resource = models.ForeignKey(
        "resources_catalogue.Resource", models.PROTECT, related_name="+", verbose_name="信息资源"
    )
    number = models.PositiveIntegerField("批次号")
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.RECEIVED)
    mode = models.CharField("方式", max_length=8)
    source = models.CharField("来源", max_length=10)
    name = models.CharField("文件名", max_length=200)
    sha256 = models.CharField("摘要", max_length=64)
    size = models.BigIntegerField("字节数")
    key = models.CharField("幂等键", max_length=120, null=True)
    folder = models.CharField("文件夹", max_length=200)
    department_id = models.BigIntegerField("提供方", null=True)
    account_id = models.BigIntegerField("送达账户", null=True)
    account_name = models.CharField("送达人", max_length=100, blank=True)
    received_at = models.DateTimeField("接收时间")
    started_at = models.DateTimeField("开始时间", null=True)
    finished_at = models.DateTimeField("完成时间", null=True)
    token = models.CharField("处理标记", max_length=32, blank=True)
    stage = models.CharField("步骤", max_length=10, blank=True)
    done = models.BigIntegerField("已处理", default=0)
    total = models.BigIntegerField("总数", default=0)
    row_base = models.BigIntegerField("行号起点", null=True)
    counts = models.JSONField("计数", default=dict)
    reasons = models.JSONField("拒收原因", default=dict)
    warnings = models.JSONField("提示", default=dict)
    repairs = models.JSONField("修复", default=dict)
    notes = models.JSONField("说明", default=list)
    problem = models.CharField("停止或失败原因", max_length=40, blank=True)
    problem_params = models.JSONField("原因参数", default=dict)
    release_reason = models.CharField("放行理由", max_length=1000, blank=True)

    class Meta:
        verbose_name = "批次"
        constraints = [
            models.UniqueConstraint(fields=["resource", "number"], name="landing_batch_number"),
            models.UniqueConstraint(
                fields=["resource", "sha256", "mode"],
                condition=~models.Q(state__in=["CANCELLED", "WITHDRAWN"]),
                name="landing_batch_once",
            ),
            models.UniqueConstraint(
                fields=["resource", "key"],
                condition=models.Q(key__isnull=False),
                name="landing_batch_key",
            ),
        ]
        indexes = [
            models.Index(fields=["resource", "state", "number"], name="landing_batch_state"),
            models.Index(fields=["department_id", "-id"], name="landing_batch_department"),
        ]

    def __str__(self) -> str:
        return f"{self.resource_id}/{self.number} {self.name}"


class Source(models.Model):
    """A regular source of a resource (定期来源). settings hold no secret: only names of variables.

    FOLDER: {"folder"}; DATABASE: {"url", "password_variable", "query" or "table", "watermark_column"}.
    """

    class Kind(models.TextChoices):
        FOLDER = "FOLDER", "监测文件夹"
        DATABASE = "DATABASE", "数据库抽取"

    resource = models.ForeignKey(
        "resources_catalogue.Resource", models.PROTECT, related_name="+", verbose_name="信息资源"
    )
    kind = models.CharField("种类", max_length=10, choices=Kind.choices)
    mode = models.CharField("方式", max_length=8, default="DELTA")
    settings = models.JSONField("设置")
    every_seconds = models.PositiveIntegerField("间隔秒数", default=3600)
    is_active = models.BooleanField("启用", default=True)
    watermark = models.CharField("水位", max_length=200, blank=True)
    seen = models.JSONField("上次所见", default=dict)
    next_at = models.DateTimeField("下次执行")
    last_at = models.DateTimeField("最近执行", null=True)
    last_result = models.CharField("最近结果", max_length=300, blank=True)
    last_error = models.CharField("最近错误", max_length=1000, blank=True)

    class Meta:
        verbose_name = "定期来源"
        constraints = [
            models.UniqueConstraint(fields=["resource", "kind"], name="landing_source_once"),
        ]
        indexes = [models.Index(fields=["is_active", "next_at"], name="landing_source_due")]

    def __str__(self) -> str:
        return f"{self.resource_id} {self.kind}"
