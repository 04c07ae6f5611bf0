"""Who works, and who sweeps. The jobs themselves are rows of the Django tasks API's database backend."""

from django.db import models


class Worker(models.Model):
    """A worker process (工作进程) and its heartbeat. Past `expires_at` it counts as dead."""

    class State(models.TextChoices):
        RUNNING = "RUNNING", "运行中"
        STOPPED = "STOPPED", "已停止"

    name = models.CharField("名称", max_length=64, unique=True)
    host = models.CharField("主机", max_length=120)
    process_id = models.PositiveIntegerField("进程号")
    state = models.CharField("状态", max_length=8, choices=State.choices, default=State.RUNNING)
    started_at = models.DateTimeField("启动时间")
    heartbeat_at = models.DateTimeField("最近心跳")
    expires_at = models.DateTimeField("失联时间")

    class Meta:
        verbose_name = "工作进程"
        indexes = [models.Index(fields=["state", "expires_at"], name="worker_alive")]

    def __str__(self) -> str:
        return self.name


class SweepLease(models.Model):
    """Whose turn a regular sweep (定时巡检) is, and when the next one is due. One row a sweep."""

    name = models.CharField("名称", max_length=80, unique=True)
    holder = models.CharField("执行者", max_length=64, blank=True)
    next_at = models.DateTimeField("下次执行")
    started_at = models.DateTimeField("最近开始", null=True)
    finished_at = models.DateTimeField("最近完成", null=True)
    result = models.CharField("结果", max_length=200, blank=True)
    error = models.TextField("错误", blank=True)

    class Meta:
        verbose_name = "定时巡检"

    def __str__(self) -> str:
        return self.name
