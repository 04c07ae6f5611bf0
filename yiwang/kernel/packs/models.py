from django.db import models


class PackInstallation(models.Model):
    """What became of a pack the last time it was loaded (应用包安装).

    digest: of its own files and of the packs it depends on; the same digest means nothing to do.
    symbols: {section: {"pack.name": value}}, what the sections' readers gave, for packs that refer
    to them. After a failure the symbols and the loaded version before stay in force.
    """

    class State(models.TextChoices):
        LOADED = "LOADED", "已加载"
        FAILED = "FAILED", "加载失败"
        SKIPPED = "SKIPPED", "依赖未加载"
        MISSING = "MISSING", "已移除"

    pack = models.CharField("应用包", max_length=40, unique=True)
    title = models.JSONField("名称", default=dict)
    owner = models.CharField("责任部门职能", max_length=40, blank=True)
    version = models.CharField("版本", max_length=20, blank=True)
    loaded_version = models.CharField("生效版本", max_length=20, blank=True)
    digest = models.CharField("摘要", max_length=64, blank=True)
    state = models.CharField("状态", max_length=8, choices=State.choices)
    problems = models.JSONField("问题", default=list)
    symbols = models.JSONField("符号", default=dict)
    loaded_at = models.DateTimeField("处理时间")

    class Meta:
        verbose_name = "应用包安装"
        ordering = ["pack"]

    def __str__(self) -> str:
        return f"{self.pack} {self.version} {self.state}"
