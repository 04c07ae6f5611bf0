"""Bills, attempts to pay them, what providers said, refunds, and the daily comparison (缴费)."""

from django.db import models
from django.db.models import F, Q

from yiwang.identity.api import PersonalDataManager, protected


class Bill(models.Model):
    """What somebody has to pay for one thing (缴费单), with the items that make it up.

    subject: "application:<number>"; it has at most one bill. lines: [{key, title, amount_fen, basis, rule}].
    """

    class State(models.TextChoices):
        DUE = "DUE", "待缴费"
        PAID = "PAID", "已缴费"
        CANCELLED = "CANCELLED", "已取消"
        REFUNDED = "REFUNDED", "已退费"

    number = models.CharField("缴费单号", max_length=32, unique=True)
    subject = models.CharField("缴费事由", max_length=120, unique=True)
    title = models.JSONField("名称")
    payer_ref = models.CharField("缴款人", max_length=80)
    payer_name = protected(models.CharField("缴款人名称", max_length=160), level=3)
    account_id = models.BigIntegerField("通知账户", null=True)
    department_id = models.BigIntegerField("执收单位")
    area_code = models.CharField("行政区划", max_length=12)
    lines = models.JSONField("收费项目")
    amount_fen = models.PositiveBigIntegerField("应缴金额（分）")
    refunded_fen = models.PositiveBigIntegerField("已退金额（分）", default=0)
    state = models.CharField("状态", max_length=9, choices=State.choices, default=State.DUE)
    voucher = models.CharField("票据号", max_length=40, blank=True)
    opened_at = models.DateTimeField("开单时间")
    paid_at = models.DateTimeField("缴费时间", null=True)

    objects = PersonalDataManager()

    class Meta:
        verbose_name = "缴费单"
        constraints = [
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="bill_asks_for_something"),
            models.CheckConstraint(
                condition=Q(refunded_fen__lte=F("amount_fen")), name="bill_refund_within"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["DUE", "CANCELLED"], paid_at__isnull=True)
                | Q(state__in=["PAID", "REFUNDED"], paid_at__isnull=False),
                name="bill_paid_when_paid",
            ),
            models.UniqueConstraint(
                fields=["voucher"], condition=~Q(voucher=""), name="bill_voucher_once"
            ),
        ]
        indexes = [
            models.Index(fields=["payer_ref", "-id"], name="bill_payer"),
            models.Index(fields=["department_id", "state", "-id"], name="bill_department"),
        ]

    def __str__(self) -> str:
        return self.number


class Payment(models.Model):
    """One attempt to pay a bill through one provider (支付单). Its state follows from its events."""

    class State(models.TextChoices):
        CREATED = "CREATED", "待支付"
        AUTHORISED = "AUTHORISED", "已授权"
        CAPTURED = "CAPTURED", "已支付"
        FAILED = "FAILED", "支付失败"
        EXPIRED = "EXPIRED", "已过期"

    bill = models.ForeignKey(Bill, models.PROTECT, related_name="payments", verbose_name="缴费单")
    number = models.CharField("支付单号", max_length=32, unique=True)
    idempotency_key = models.CharField("幂等键", max_length=64)
    provider = models.CharField("支付渠道", max_length=20)
    provider_ref = models.CharField("渠道单号", max_length=64, blank=True)
    amount_fen = models.PositiveBigIntegerField("金额（分）")
    refunded_fen = models.PositiveBigIntegerField("已退金额（分）", default=0)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.CREATED)
    checkout_url = models.CharField("收银台地址", max_length=1000, blank=True)
    created_at = models.DateTimeField("创建时间")
    expires_at = models.DateTimeField("失效时间")
    ask_at = models.DateTimeField("下次查询时间", null=True)
    asked = models.PositiveSmallIntegerField("查询次数", default=0)
    settled_at = models.DateTimeField("到账时间", null=True)

    class Meta:
        verbose_name = "支付单"
        constraints = [
            models.UniqueConstraint(fields=["bill", "idempotency_key"], name="payment_asked_once"),
            models.UniqueConstraint(
                fields=["bill", "provider"],
                condition=Q(state__in=["CREATED", "AUTHORISED"]),
                name="payment_open_once",
            ),
            models.CheckConstraint(
                condition=Q(refunded_fen__lte=F("amount_fen")), name="payment_refund_within"
            ),
        ]
        indexes = [
            models.Index(
                fields=["ask_at"], condition=Q(ask_at__isnull=False), name="payment_to_ask"
            ),
            models.Index(fields=["provider", "settled_at"], name="payment_settled"),
        ]

    def __str__(self) -> str:
        return self.number


class PaymentEvent(models.Model):
    """One thing a provider said, once (渠道通知). Rows are only ever added: triggers refuse the rest.

    result: APPLIED, NO_CHANGE (the state did not provide for it) or AMOUNT_DIFFERS.
    """

    payment = models.ForeignKey(
        Payment, models.PROTECT, related_name="events", verbose_name="支付单"
    )
    provider = models.CharField("支付渠道", max_length=20)
    event_id = models.CharField("渠道通知号", max_length=80)
    kind = models.CharField("类型", max_length=10)
    amount_fen = models.BigIntegerField("金额（分）")
    at = models.DateTimeField("渠道时间")
    source = models.CharField("来源", max_length=10)
    result = models.CharField("处理结果", max_length=14)
    taken_at = models.DateTimeField("入账时间")

    class Meta:
        verbose_name = "渠道通知"
        constraints = [
            models.UniqueConstraint(fields=["provider", "event_id"], name="payment_event_once"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.event_id}"


class Refund(models.Model):
    """Money on its way back (退款): asked for by one person, approved by another, carried out by the provider."""

    class State(models.TextChoices):
        REQUESTED = "REQUESTED", "待审核"
        REJECTED = "REJECTED", "已驳回"
        APPROVED = "APPROVED", "待退款"
        SENT = "SENT", "退款中"
        SUCCEEDED = "SUCCEEDED", "已退款"
        FAILED = "FAILED", "退款失败"

    payment = models.ForeignKey(
        Payment, models.PROTECT, related_name="refunds", verbose_name="支付单"
    )
    number = models.CharField("退款单号", max_length=32, unique=True)
    amount_fen = models.PositiveBigIntegerField("金额（分）")
    reason = models.TextField("退款原因")
    is_correction = models.BooleanField("重复支付退回", default=False)
    state = models.CharField("状态", max_length=9, choices=State.choices)
    requested_by_id = models.BigIntegerField("申请人", null=True)
    requested_by = models.CharField("申请人姓名", max_length=80)
    decided_by = models.CharField("审核人姓名", max_length=80, blank=True)
    decision_note = models.TextField("审核意见", blank=True)
    requested_at = models.DateTimeField("申请时间")
    ask_at = models.DateTimeField("下次查询时间", null=True)
    asked = models.PositiveSmallIntegerField("查询次数", default=0)
    settled_at = models.DateTimeField("退款时间", null=True)

    class Meta:
        verbose_name = "退款"
        constraints = [
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="refund_of_something"),
        ]
        indexes = [
            models.Index(
                fields=["ask_at"], condition=Q(ask_at__isnull=False), name="refund_to_ask"
            ),
            models.Index(fields=["state", "-id"], name="refund_state"),
        ]

    def __str__(self) -> str:
        return self.number


class Reconciliation(models.Model):
    """One day of one provider compared with our books (日终对账); the statement is kept as it came."""

    provider = models.CharField("支付渠道", max_length=20)
    day = models.DateField("账期")
    statement = models.JSONField("对账单")
    digest = models.CharField("摘要", max_length=64)
    lines = models.PositiveIntegerField("笔数")
    pay_fen = models.BigIntegerField("支付合计（分）")
    refund_fen = models.BigIntegerField("退款合计（分）")
    at = models.DateTimeField("对账时间")

    class Meta:
        verbose_name = "日终对账"
        constraints = [
            models.UniqueConstraint(fields=["provider", "day"], name="reconciliation_once"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.day}"


class Difference(models.Model):
    """An entry on which the provider and we do not agree (对账差异), until somebody says how it ended."""

    class State(models.TextChoices):
        OPEN = "OPEN", "待处理"
        RESOLVED = "RESOLVED", "已处理"

    provider = models.CharField("支付渠道", max_length=20)
    day = models.DateField("账期")
    kind = models.CharField("差异类型", max_length=13)
    number = models.CharField("单号", max_length=64)
    entry = models.CharField("方向", max_length=6)
    ours_fen = models.BigIntegerField("我方金额（分）", null=True)
    theirs_fen = models.BigIntegerField("渠道金额（分）", null=True)
    state = models.CharField("状态", max_length=8, choices=State.choices, default=State.OPEN)
    resolution = models.TextField("处理说明", blank=True)
    resolved_by = models.CharField("处理人", max_length=80, blank=True)
    resolved_at = models.DateTimeField("处理时间", null=True)

    class Meta:
        verbose_name = "对账差异"
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "day", "kind", "number", "entry"], name="difference_once"
            ),
        ]
        indexes = [models.Index(fields=["state", "-day"], name="difference_state")]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"


class SandboxOrder(models.Model):
    """An order as the practice provider keeps it (演练支付渠道订单): its own books, not ours."""

    number = models.CharField("商户单号", max_length=32, unique=True)
    kind = models.CharField("方向", max_length=6)
    paid_number = models.CharField("原支付单号", max_length=32, blank=True)
    title = models.CharField("名称", max_length=200, blank=True)
    amount_fen = models.PositiveBigIntegerField("金额（分）")
    state = models.CharField("状态", max_length=8)
    url_back = models.CharField("返回地址", max_length=1000, blank=True)
    expires_at = models.DateTimeField("失效时间", null=True)
    settled_at = models.DateTimeField("清算时间", null=True)

    class Meta:
        verbose_name = "演练支付渠道订单"
        indexes = [models.Index(fields=["settled_at"], name="sandbox_settled")]

    def __str__(self) -> str:
        return self.number


class SandboxNotice(models.Model):
    """A notification the practice provider still has to send (演练支付渠道通知)."""

    order = models.ForeignKey(
        SandboxOrder, models.CASCADE, related_name="notices", verbose_name="订单"
    )
    event_id = models.CharField("通知号", max_length=80)
    due_at = models.DateTimeField("发送时间", db_index=True)

    class Meta:
        verbose_name = "演练支付渠道通知"

    def __str__(self) -> str:
        return self.event_id
