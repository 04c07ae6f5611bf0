"""The outbox (事件发件箱): what happened, and to whom it still has to be told."""

from django.db import models


class OutboxEvent(models.Model):
    """Something that happened (事件), written in the transaction in which it happened."""

    topic = models.CharField("主题", max_length=80)
    key = models.CharField("键", max_length=120, blank=True)
    payload = models.JSONField("内容")
    published_at = models.DateTimeField("发布时间")

    class Meta:
        verbose_name = "事件"
        indexes = [models.Index(fields=["topic", "-id"], name="outbox_topic")]

    def __str__(self) -> str:
        return f"{self.pk} {self.topic} {self.key}"


class EventDelivery(models.Model):
    """One event for one subscriber (事件投递), until it is delivered or has failed for good."""

    class State(models.TextChoices):
        PENDING = "PENDING", "待投递"
        DELIVERED = "DELIVERED", "已投递"
        FAILED = "FAILED", "投递失败"

    event = models.ForeignKey(
        OutboxEvent, models.CASCADE, related_name="deliveries", verbose_name="事件"
    )
    subscriber = models.CharField("订阅者", max_length=80)
    state = models.CharField("状态", max_length=9, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField("次数", default=0)
    due_at = models.DateTimeField("下次投递时间")
    delivered_at = models.DateTimeField("投递时间", null=True)
    error = models.TextField("错误", blank=True)

    class Meta:
        verbose_name = "事件投递"
        constraints = [
            models.UniqueConstraint(fields=["event", "subscriber"], name="delivery_once"),
            models.CheckConstraint(
                condition=models.Q(state="DELIVERED", delivered_at__isnull=False)
                | ~models.Q(state="DELIVERED") & models.Q(delivered_at__isnull=True),
                name="delivery_has_its_time",
            ),
        ]
        # Partial, so that the relay's look-up costs the same with millions of delivered rows.
        indexes = [
            models.Index(
                fields=["due_at", "id"],
                name="delivery_due",
                condition=models.Q(state="PENDING"),
            ),
            models.Index(
                fields=["-id"], name="delivery_failed", condition=models.Q(state="FAILED")
            ),
            models.Index(
                fields=["delivered_at"],
                name="delivery_done",
                condition=models.Q(state="DELIVERED"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} {self.subscriber} {self.state}"
