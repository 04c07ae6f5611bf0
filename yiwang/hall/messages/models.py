"""Messages to the applicant (消息), as they were sent: a later template does not rewrite them."""

from django.db import models


class Message(models.Model):
    """One message (消息) to one account, in both languages."""

    account_id = models.BigIntegerField("收件账户")
    template = models.CharField("模板", max_length=40)
    kind = models.CharField("性质", max_length=8)
    title = models.JSONField("标题")
    body = models.JSONField("正文")
    link = models.CharField("链接", max_length=200, blank=True)
    source = models.CharField("来源", max_length=80, null=True, unique=True)
    sent_at = models.DateTimeField("发送时间")
    read_at = models.DateTimeField("阅读时间", null=True)

    class Meta:
        verbose_name = "消息"
        indexes = [
            models.Index(fields=["account_id", "-id"], name="message_account"),
            # For the badge and for the unread, which a list shows first.
            models.Index(
                fields=["account_id", "-id"],
                name="message_unread",
                condition=models.Q(read_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.template}"


class MessageSending(models.Model):
    """That a message went out over a channel (发送记录): once, whatever is tried again."""

    message = models.ForeignKey(
        Message, models.CASCADE, related_name="sendings", verbose_name="消息"
    )
    channel = models.CharField("渠道", max_length=8)
    at = models.DateTimeField("时间")

    class Meta:
        verbose_name = "发送记录"
        constraints = [
            models.UniqueConstraint(fields=["message", "channel"], name="sending_once"),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} {self.channel}"


class DigestEntry(models.Model):
    """One line for a steward's daily digest (摘要条目); sent with the message that carries it."""

    account_id = models.BigIntegerField("收件账户")
    event_id = models.BigIntegerField("事件")
    kind = models.CharField("事项", max_length=20)
    text = models.JSONField("内容")
    link = models.CharField("链接", max_length=200, blank=True)
    at = models.DateTimeField("时间")
    message = models.ForeignKey(
        Message, models.CASCADE, null=True, related_name="entries", verbose_name="消息"
    )

    class Meta:
        verbose_name = "摘要条目"
        constraints = [
            models.UniqueConstraint(fields=["account_id", "event_id"], name="digest_entry_once"),
        ]
        indexes = [
            models.Index(
                fields=["account_id", "at"],
                name="digest_entry_waiting",
                condition=models.Q(message__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.kind}"


class DigestChoice(models.Model):
    """Whether a person wants the daily digest (摘要偏好); without a row: yes."""

    account_id = models.BigIntegerField("账户", unique=True)
    is_wanted = models.BooleanField("接收")
    chosen_at = models.DateTimeField("选择时间")

    class Meta:
        verbose_name = "摘要偏好"

    def __str__(self) -> str:
        return f"{self.account_id} {self.is_wanted}"
