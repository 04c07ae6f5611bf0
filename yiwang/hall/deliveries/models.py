"""Deliveries of paper results, what happened to them, and lockers (递送)."""

from django.db import models
from django.db.models import Q

from yiwang.identity.api import PersonalDataManager, protected


class Locker(models.Model):
    """A self-service locker (自助取件柜) with numbered boxes."""

    code = models.CharField("柜号", max_length=20, unique=True)
    title = models.JSONField("名称")
    address = models.CharField("地址", max_length=200)
    boxes = models.PositiveSmallIntegerField("格口数")
    is_open = models.BooleanField("启用", default=True)

    class Meta:
        verbose_name = "自助取件柜"

    def __str__(self) -> str:
        return self.code


class Delivery(models.Model):
    """One result on its way to its holder (递送), by courier, at the counter or through a locker.

    subject: "application:<number>", delivered once; what came back may be sent again (`round`).
    """

    class Method(models.TextChoices):
        COURIER = "COURIER", "邮寄"
        COUNTER = "COUNTER", "窗口领取"
        LOCKER = "LOCKER", "自助柜领取"

    class State(models.TextChoices):
        WAITING = "WAITING", "待交付"
        UNDER_WAY = "UNDER_WAY", "运送中"
        PLACED = "PLACED", "待领取"
        DELIVERED = "DELIVERED", "已送达"
        RETURNED = "RETURNED", "已退回"
        CANCELLED = "CANCELLED", "已取消"

    number = models.CharField("递送单号", max_length=32, unique=True)
    subject = models.CharField("递送事由", max_length=120)
    title = models.JSONField("名称")
    method = models.CharField("方式", max_length=8, choices=Method.choices)
    state = models.CharField("状态", max_length=9, choices=State.choices, default=State.WAITING)
    holder_ref = models.CharField("持有人", max_length=80)
    receiver_name = protected(models.CharField("收件人", max_length=80), level=3)
    receiver_phone = protected(models.CharField("联系电话", max_length=20), level=3)
    receiver_address = protected(models.CharField("收件地址", max_length=200, blank=True), level=3)
    account_id = models.BigIntegerField("通知账户", null=True)
    department_id = models.BigIntegerField("交付部门")
    courier = models.CharField("承运方", max_length=20, blank=True)
    tracking = models.CharField("运单号", max_length=40, blank=True)
    locker = models.ForeignKey(
        Locker, models.PROTECT, related_name="deliveries", verbose_name="取件柜", null=True
    )
    box = models.PositiveSmallIntegerField("格口", null=True)
    pickup_code = protected(models.CharField("取件码", max_length=8, blank=True), level=3)
    wrong_codes = models.PositiveSmallIntegerField("错码次数", default=0)
    chosen_at = models.DateTimeField("选定时间")
    due_at = models.DateTimeField("送达期限", null=True)
    ask_at = models.DateTimeField("下次查询时间", null=True)
    closed_at = models.DateTimeField("结束时间", null=True)

    objects = PersonalDataManager()

    class Meta:
        verbose_name = "递送"
        constraints = [
            models.UniqueConstraint(
                fields=["subject"],
                condition=~Q(state__in=["RETURNED", "CANCELLED"]),
                name="delivered_once",
            ),
            models.UniqueConstraint(
                fields=["locker", "box"],
                condition=Q(state__in=["WAITING", "PLACED"]) & Q(box__isnull=False),
                name="box_taken_once",
            ),
            models.UniqueConstraint(
                fields=["courier", "tracking"],
                condition=~Q(tracking=""),
                name="delivery_tracking_once",
            ),
        ]
        indexes = [
            models.Index(fields=["holder_ref", "-id"], name="delivery_holder"),
            models.Index(fields=["department_id", "state", "-id"], name="delivery_department"),
            models.Index(
                fields=["ask_at"], condition=Q(ask_at__isnull=False), name="delivery_to_ask"
            ),
        ]

    def __str__(self) -> str:
        return self.number


class DeliveryStep(models.Model):
    """One thing that happened to a delivery (递送轨迹). Rows are only ever added: triggers refuse the rest."""

    delivery = models.ForeignKey(
        Delivery, models.PROTECT, related_name="steps", verbose_name="递送"
    )
    event_id = models.CharField("标识", max_length=80, unique=True)
    kind = models.CharField("类型", max_length=20)
    place = models.CharField("地点", max_length=120, blank=True)
    by = models.CharField("经手", max_length=80, blank=True)
    at = models.DateTimeField("时间")

    class Meta:
        verbose_name = "递送轨迹"

    def __str__(self) -> str:
        return f"{self.delivery_id} {self.kind}"


class PracticeParcel(models.Model):
    """A parcel as the practice courier keeps it (演练快递包裹); its route follows from when it was taken."""

    number = models.CharField("寄件单号", max_length=32, unique=True)
    taken_at = models.DateTimeField("揽收时间")
    fate = models.CharField("结局", max_length=9)
    pushed = models.PositiveSmallIntegerField("已推送条数", default=0)
    is_told = models.BooleanField("已推送完毕", default=False)

    class Meta:
        verbose_name = "演练快递包裹"

    def __str__(self) -> str:
        return self.number
