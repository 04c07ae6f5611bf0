"""Messages to the applicant (消息), as they were sent: a later template does not rewrite them."""

import uuid

from django.db import models

from yiwang.identity.api import protected


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
    """One message to one address on one channel (发送记录), with everything that became of it.

    lane: receiver and channel, within which the order is kept. not_before: as the person chose; due_at: when it is
    tried next, or until when a worker has it. carrier: the digest that carried it.
    """

    class State(models.TextChoices):
        CREATED = "CREATED", "待发送"
        SENDING = "SENDING", "发送中"
        SENT = "SENT", "已发出"
        DELIVERED = "DELIVERED", "已送达"
        TEMPORARY_FAILURE = "TEMPORARY_FAILURE", "暂时无法送达"
        PERMANENT_FAILURE = "PERMANENT_FAILURE", "无法送达"
        TECHNICAL_FAILURE = "TECHNICAL_FAILURE", "技术故障"
        BUNDLED = "BUNDLED", "并入摘要"
        STOPPED = "STOPPED", "已停发"
        CANCELLED = "CANCELLED", "已取消"

    ref = models.UUIDField("编号", default=uuid.uuid4, unique=True)
    message = models.ForeignKey(
        Message, models.CASCADE, null=True, related_name="sendings", verbose_name="消息"
    )
    account_id = models.BigIntegerField("收件账户", null=True)
    channel = models.CharField("渠道", max_length=8)
    lane = models.CharField("队列", max_length=64)
    address = protected(models.CharField("地址", max_length=254, blank=True), level=3)
    title = models.CharField("标题", max_length=300, blank=True)
    text = models.TextField("正文", blank=True)
    sender = models.CharField("发送方", max_length=80, blank=True)
    reply_to = models.CharField("回复地址", max_length=254, blank=True)
    is_urgent = models.BooleanField("紧急", default=False)
    is_digest = models.BooleanField("待汇总", default=False)
    carrier = models.ForeignKey(
        "self", models.SET_NULL, null=True, related_name="carried", verbose_name="摘要"
    )
    state = models.CharField("状态", max_length=20, choices=State.choices, default=State.CREATED)
    attempts = models.PositiveSmallIntegerField("尝试次数", default=0)
    faults = models.PositiveSmallIntegerField("技术故障次数", default=0)
    resends = models.PositiveSmallIntegerField("重发次数", default=0)
    created_at = models.DateTimeField("创建时间")
    not_before = models.DateTimeField("最早发送时间")
    due_at = models.DateTimeField("下次发送时间")
    sent_at = models.DateTimeField("发出时间", null=True)
    completed_at = models.DateTimeField("完成时间", null=True)
    provider_ref = models.CharField("渠道编号", max_length=120, blank=True)
    error = models.CharField("错误", max_length=300, blank=True)

    class Meta:
        verbose_name = "发送记录"
        constraints = [
            models.UniqueConstraint(fields=["message", "channel"], name="sending_once"),
        ]
        # Partial, so that millions of sent rows cost the queue nothing.
        indexes = [
            # For the page that shows how the last day went.
            models.Index(fields=["created_at"], name="sending_created"),
            models.Index(
                fields=["channel", "due_at", "id"],
                name="sending_due",
                condition=models.Q(state__in=["CREATED", "SENDING"]),
            ),
            models.Index(
                fields=["lane", "id"],
                name="sending_lane",
                condition=models.Q(state__in=["CREATED", "SENDING"]),
            ),
            models.Index(
                fields=["-id"],
                name="sending_failed",
                condition=models.Q(
                    state__in=["TEMPORARY_FAILURE", "PERMANENT_FAILURE", "TECHNICAL_FAILURE"]
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.channel} {self.state}"


class ChannelState(models.Model):
    """How a channel does (渠道状态): stopped by staff, down since, how much it took this minute."""

    channel = models.CharField("渠道", max_length=8, unique=True)
    is_stopped = models.BooleanField("暂停", default=False)
    per_minute = models.PositiveIntegerField("每分钟上限", default=600)
    minute = models.DateTimeField("计数分钟", null=True)
    used = models.PositiveIntegerField("该分钟发送数", default=0)
    failures = models.PositiveIntegerField("连续失败", default=0)
    down_since = models.DateTimeField("故障开始时间", null=True)
    probe_at = models.DateTimeField("下次试探时间", null=True)
    error = models.CharField("错误", max_length=300, blank=True)

    class Meta:
        verbose_name = "渠道状态"

    def __str__(self) -> str:
        return self.channel


class MessageChoice(models.Model):
    """How a person wants to be told (消息偏好); without a row as `timing.Choice` says."""

    account_id = models.BigIntegerField("账户", unique=True)
    language = models.CharField("语言", max_length=2, blank=True)
    quiet_from = models.TimeField("免打扰开始")
    quiet_to = models.TimeField("免打扰结束")
    digest_at = models.TimeField("摘要时间")
    ways = models.JSONField("方式", default=dict)
    changed_at = models.DateTimeField("修改时间")

    class Meta:
        verbose_name = "消息偏好"

    def __str__(self) -> str:
        return str(self.account_id)


class StopEntry(models.Model):
    """An address to which a channel sends nothing (停发名单). It stands until it is lifted."""

    channel = models.CharField("渠道", max_length=8)
    address = protected(models.CharField("地址", max_length=254), level=3)
    reason = models.CharField("理由", max_length=200)
    source = models.CharField("来源", max_length=10)
    at = models.DateTimeField("时间")
    lifted_at = models.DateTimeField("解除时间", null=True)

    class Meta:
        verbose_name = "停发名单"
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "address"],
                condition=models.Q(lifted_at__isnull=True),
                name="stop_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.channel}"


class TemplateVersion(models.Model):
    """A template as the city changed it (消息模板版本). The last one holds; is_shipped: back to the shipped text."""

    name = models.CharField("模板", max_length=40)
    version = models.PositiveIntegerField("版本")
    kind = models.CharField("性质", max_length=8)
    group = models.CharField("类别", max_length=10)
    is_urgent = models.BooleanField("紧急", default=False)
    channels = models.JSONField("渠道")
    title = models.JSONField("标题")
    body = models.JSONField("正文")
    sms = models.JSONField("短信正文", default=dict)
    is_shipped = models.BooleanField("恢复默认", default=False)
    reason = models.CharField("修改理由", max_length=200)
    changed_by = models.CharField("修改人", max_length=80, blank=True)
    changed_at = models.DateTimeField("修改时间")

    class Meta:
        verbose_name = "消息模板版本"
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="template_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class PracticeReceipt(models.Model):
    """What the practice channel will say of a letter later (演练回执); gone once it is said."""

    channel = models.CharField("渠道", max_length=8)
    key = models.CharField("信件编号", max_length=48)
    state = models.CharField("状态", max_length=20)
    detail = models.CharField("说明", max_length=100, blank=True)
    due_at = models.DateTimeField("发送时间", db_index=True)

    class Meta:
        verbose_name = "演练回执"

    def __str__(self) -> str:
        return f"{self.channel} {self.key}"


class NotifyService(models.Model):
    """A department's system that sends to people through us (通知服务). Its id is what its tokens are issued by.

    guests: addresses that team keys may send to; is_live: before that only they. *_per_day: of each kind.
    """

    id = models.UUIDField("编号", primary_key=True, default=uuid.uuid4)
    department = models.ForeignKey(
        "identity_organisations.Department",
        models.PROTECT,
        related_name="+",
        verbose_name="部门",
    )
    name = models.CharField("名称", max_length=80)
    sender = models.CharField("短信签名", max_length=20)
    reply_to = models.CharField("回复地址", max_length=254, blank=True)
    guests = protected(models.JSONField("测试收件人", default=list), level=3)
    is_live = models.BooleanField("正式使用", default=False)
    is_active = models.BooleanField("启用", default=True)
    may_post = models.BooleanField("可发信函", default=False)
    per_minute = models.PositiveIntegerField("每分钟调用上限", default=3000)
    sms_per_day = models.PositiveIntegerField("每日短信上限", default=1000)
    email_per_day = models.PositiveIntegerField("每日邮件上限", default=10000)
    letter_per_day = models.PositiveIntegerField("每日信函上限", default=100)
    callback_url = models.CharField("回执地址", max_length=300, blank=True)
    created_at = models.DateTimeField("创建时间")

    class Meta:
        verbose_name = "通知服务"
        constraints = [
            models.UniqueConstraint(fields=["department", "name"], name="notify_service_name"),
        ]

    def __str__(self) -> str:
        return self.name


class NotifyKey(models.Model):
    """A key with which a service signs its calls (通知接口密钥): made from its id, kept nowhere. See `notify.keys`."""

    id = models.UUIDField("编号", primary_key=True, default=uuid.uuid4)
    service = models.ForeignKey(
        NotifyService, models.PROTECT, related_name="keys", verbose_name="通知服务"
    )
    name = models.CharField("名称", max_length=60)
    kind = models.CharField("类型", max_length=6)
    created_at = models.DateTimeField("创建时间")
    created_by = models.CharField("创建人", max_length=80, blank=True)
    revoked_at = models.DateTimeField("吊销时间", null=True)
    used_at = models.DateTimeField("最近使用", null=True)

    class Meta:
        verbose_name = "通知接口密钥"

    def __str__(self) -> str:
        return self.name


class NotifyTemplate(models.Model):
    """A service's template (通知模板); its texts are its versions."""

    id = models.UUIDField("编号", primary_key=True, default=uuid.uuid4)
    service = models.ForeignKey(
        NotifyService, models.PROTECT, related_name="templates", verbose_name="通知服务"
    )
    kind = models.CharField("类型", max_length=6)
    name = models.CharField("名称", max_length=80)
    version = models.PositiveIntegerField("当前版本", default=1)
    is_archived = models.BooleanField("停用", default=False)
    created_at = models.DateTimeField("创建时间")

    class Meta:
        verbose_name = "通知模板"

    def __str__(self) -> str:
        return self.name


class NotifyTemplateVersion(models.Model):
    """What a service's template said from one moment on (通知模板版本)."""

    template = models.ForeignKey(
        NotifyTemplate, models.PROTECT, related_name="versions", verbose_name="通知模板"
    )
    version = models.PositiveIntegerField("版本")
    name = models.CharField("名称", max_length=80)
    subject = models.CharField("主题", max_length=300, blank=True)
    body = models.TextField("正文")
    created_by = models.CharField("创建人", max_length=80, blank=True)
    created_at = models.DateTimeField("创建时间")

    class Meta:
        verbose_name = "通知模板版本"
        constraints = [
            models.UniqueConstraint(fields=["template", "version"], name="notify_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.template_id} {self.version}"


class Notification(models.Model):
    """What a service asked us to send (委托通知). Its state is its sending's; practice: what a test key shows."""

    ref = models.UUIDField("编号", default=uuid.uuid4, unique=True)
    service = models.ForeignKey(
        NotifyService, models.PROTECT, related_name="notifications", verbose_name="通知服务"
    )
    key_kind = models.CharField("密钥类型", max_length=6)
    kind = models.CharField("类型", max_length=6)
    template = models.ForeignKey(
        NotifyTemplateVersion, models.PROTECT, related_name="+", verbose_name="通知模板版本"
    )
    recipient = protected(models.CharField("收件人", max_length=254), level=3)
    address_lines = protected(models.JSONField("邮寄地址", default=list), level=3)
    subject = models.CharField("主题", max_length=600, blank=True)
    body = models.TextField("正文")
    reference = models.CharField("业务编号", max_length=1000, null=True)
    unsubscribe_url = models.CharField("退订地址", max_length=500, blank=True)
    practice = models.CharField("演练结果", max_length=20, blank=True)
    sending = models.OneToOneField(
        MessageSending,
        models.PROTECT,
        null=True,
        related_name="notification",
        verbose_name="发送记录",
    )
    scheduled_for = models.DateTimeField("预定发送时间", null=True)
    created_at = models.DateTimeField("创建时间")

    class Meta:
        verbose_name = "委托通知"
        indexes = [
            models.Index(fields=["service", "-id"], name="notification_service"),
        ]

    def __str__(self) -> str:
        return str(self.ref)


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
