"""Halls with their queues and windows, slots and appointments, tickets and calls (大厅、预约、排队)."""

from django.db import models
from django.db.models import F, Q

from yiwang.identity.api import PersonalDataManager, protected


class PriorityClass(models.Model):
    """A class of people who are called earlier (优先类别), by minutes of waiting that it is worth."""

    key = models.CharField("类别", max_length=20, unique=True)
    title = models.JSONField("名称")
    proof = models.JSONField("核验方式")
    head_start_minutes = models.PositiveSmallIntegerField("提前分钟")
    order = models.PositiveSmallIntegerField("次序")
    is_offered = models.BooleanField("取号时可选", default=True)

    class Meta:
        verbose_name = "优先类别"

    def __str__(self) -> str:
        return self.key


class Hall(models.Model):
    """A hall where people are served (办事大厅): of the city, a district, a street, a community."""

    class Level(models.TextChoices):
        CITY = "CITY", "市级"
        DISTRICT = "DISTRICT", "区级"
        STREET = "STREET", "街道（镇）"
        COMMUNITY = "COMMUNITY", "社区（村）"

    code = models.SlugField("编码", max_length=40, unique=True)
    title = models.JSONField("名称")
    level = models.CharField("层级", max_length=9, choices=Level.choices)
    area_code = models.CharField("区划代码", max_length=12)
    address = models.CharField("地址", max_length=200)
    phone = models.CharField("电话", max_length=40, blank=True)
    department_id = models.BigIntegerField("管理部门", null=True)
    hours = models.JSONField("办公时间")
    rules = models.JSONField("大厅规则", default=dict)
    is_open = models.BooleanField("启用", default=True)
    is_made = models.BooleanField("虚构", default=False)
    source = models.CharField("来源", max_length=80)

    class Meta:
        verbose_name = "办事大厅"
        indexes = [models.Index(fields=["area_code"], name="hall_area")]

    def __str__(self) -> str:
        return self.code


class SlotPool(models.Model):
    """Places that several queues of a hall share (号源池): so many in each slot."""

    hall = models.ForeignKey(Hall, models.CASCADE, related_name="pools", verbose_name="大厅")
    key = models.CharField("号源", max_length=40)
    title = models.JSONField("名称")
    minutes = models.PositiveSmallIntegerField("时段分钟")
    capacity = models.PositiveSmallIntegerField("每时段号数")

    class Meta:
        verbose_name = "号源池"
        constraints = [models.UniqueConstraint(fields=["hall", "key"], name="pool_key_once")]

    def __str__(self) -> str:
        return f"{self.hall_id} {self.key}"


class Queue(models.Model):
    """A line in a hall (排队队列): what it takes, the letter of its tickets, how long one mostly takes.

    matters: codes of matters, functions of departments, "*" for everything else.
    """

    hall = models.ForeignKey(Hall, models.CASCADE, related_name="queues", verbose_name="大厅")
    key = models.CharField("队列", max_length=40)
    letter = models.CharField("号码字头", max_length=2)
    title = models.JSONField("名称")
    matters = models.JSONField("受理事项", default=list)
    service_seconds = models.PositiveIntegerField("预计办理秒数")
    pool = models.ForeignKey(
        SlotPool, models.PROTECT, related_name="queues", verbose_name="号源池", null=True
    )
    slot_limit = models.PositiveSmallIntegerField("每时段上限", null=True)
    order = models.PositiveSmallIntegerField("次序", default=0)
    is_open = models.BooleanField("启用", default=True)

    class Meta:
        verbose_name = "排队队列"
        constraints = [
            models.UniqueConstraint(fields=["hall", "key"], name="queue_key_once"),
            models.UniqueConstraint(fields=["hall", "letter"], name="queue_letter_once"),
        ]

    def __str__(self) -> str:
        return f"{self.hall_id} {self.letter}"


class Window(models.Model):
    """A window (窗口) of a hall, and who sits there. department_id: whose clerks may open it."""

    class State(models.TextChoices):
        CLOSED = "CLOSED", "未开"
        OPEN = "OPEN", "受理中"
        PAUSED = "PAUSED", "暂停"

    hall = models.ForeignKey(Hall, models.CASCADE, related_name="windows", verbose_name="大厅")
    number = models.CharField("窗口号", max_length=10)
    title = models.JSONField("名称")
    department_id = models.BigIntegerField("进驻部门", null=True)
    is_in_use = models.BooleanField("启用", default=True)
    state = models.CharField("状态", max_length=6, choices=State.choices, default=State.CLOSED)
    reason = models.CharField("暂停原因", max_length=80, blank=True)
    clerk_id = models.BigIntegerField("经办人", null=True)
    clerk_name = models.CharField("经办人姓名", max_length=80, blank=True)
    opened_at = models.DateTimeField("开窗时间", null=True)
    queues = models.ManyToManyField(Queue, through="WindowSkill", related_name="windows")

    class Meta:
        verbose_name = "窗口"
        constraints = [
            models.UniqueConstraint(fields=["hall", "number"], name="window_number_once"),
            models.UniqueConstraint(
                fields=["clerk_id"], condition=~Q(state="CLOSED"), name="window_clerk_once"
            ),
            models.CheckConstraint(
                condition=Q(state="CLOSED") | Q(clerk_id__isnull=False), name="window_has_clerk"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.hall_id} {self.number}"


class WindowSkill(models.Model):
    """A queue that a window takes (窗口技能), at once or when somebody has waited for so long."""

    window = models.ForeignKey(Window, models.CASCADE, related_name="skills", verbose_name="窗口")
    queue = models.ForeignKey(Queue, models.CASCADE, related_name="skills", verbose_name="队列")
    helps_after_minutes = models.PositiveSmallIntegerField("等候多久后协助", default=0)

    class Meta:
        verbose_name = "窗口技能"
        constraints = [
            models.UniqueConstraint(fields=["window", "queue"], name="window_skill_once")
        ]

    def __str__(self) -> str:
        return f"{self.window_id} {self.queue_id}"


class Slot(models.Model):
    """A slot of a pool (预约时段) that somebody asked for; one nobody asked for has no row yet."""

    pool = models.ForeignKey(SlotPool, models.CASCADE, related_name="slots", verbose_name="号源池")
    starts_at = models.DateTimeField("开始时间")
    capacity = models.PositiveSmallIntegerField("号数")
    taken = models.PositiveSmallIntegerField("已约", default=0)

    class Meta:
        verbose_name = "预约时段"
        constraints = [
            models.UniqueConstraint(fields=["pool", "starts_at"], name="slot_once"),
            models.CheckConstraint(condition=Q(taken__lte=F("capacity")), name="slot_not_oversold"),
        ]

    def __str__(self) -> str:
        return f"{self.pool_id} {self.starts_at:%m-%d %H:%M} {self.taken}/{self.capacity}"


class SlotShare(models.Model):
    """How much of a slot one queue has taken (时段分配), where the queue has a limit of its own."""

    slot = models.ForeignKey(Slot, models.CASCADE, related_name="shares", verbose_name="时段")
    queue = models.ForeignKey(Queue, models.CASCADE, related_name="+", verbose_name="队列")
    most = models.PositiveSmallIntegerField("上限")
    taken = models.PositiveSmallIntegerField("已约", default=0)

    class Meta:
        verbose_name = "时段分配"
        constraints = [
            models.UniqueConstraint(fields=["slot", "queue"], name="slot_share_once"),
            models.CheckConstraint(condition=Q(taken__lte=F("most")), name="share_not_oversold"),
        ]

    def __str__(self) -> str:
        return f"{self.slot_id} {self.queue_id} {self.taken}/{self.most}"


class Appointment(models.Model):
    """Somebody comes at a time (预约). seat: which of the few a person may hold open at once."""

    class State(models.TextChoices):
        BOOKED = "BOOKED", "已预约"
        CHECKED_IN = "CHECKED_IN", "已取号"
        CANCELLED = "CANCELLED", "已取消"
        NO_SHOW = "NO_SHOW", "爽约"
        CALLED_OFF = "CALLED_OFF", "大厅取消"

    number = models.CharField("预约号", max_length=32, unique=True)
    code = protected(models.CharField("预约码", max_length=8), level=3)
    slot = models.ForeignKey(Slot, models.PROTECT, related_name="appointments", verbose_name="时段")
    hall = models.ForeignKey(Hall, models.PROTECT, related_name="appointments", verbose_name="大厅")
    starts_at = models.DateTimeField("开始时间")
    queues = models.JSONField("办理队列")
    matter = models.CharField("事项编码", max_length=64, blank=True)
    account_id = models.BigIntegerField("预约账户")
    holder_ref = protected(models.CharField("预约人", max_length=80), level=3)
    name = protected(models.CharField("姓名", max_length=80), level=3)
    phone = protected(models.CharField("联系电话", max_length=20, blank=True), level=3)
    people = models.PositiveSmallIntegerField("人数", default=1)
    places = models.PositiveSmallIntegerField("占用号数")
    seat = models.PositiveSmallIntegerField("席位")
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.BOOKED)
    reason = models.CharField("取消原因", max_length=200, blank=True)
    booked_at = models.DateTimeField("预约时间")
    ended_at = models.DateTimeField("结束时间", null=True)
    reminded_at = models.DateTimeField("提醒时间", null=True)

    objects = PersonalDataManager()

    class Meta:
        verbose_name = "预约"
        constraints = [
            models.UniqueConstraint(
                fields=["holder_ref", "starts_at"],
                condition=Q(state="BOOKED"),
                name="appointment_one_at_a_time",
            ),
            models.UniqueConstraint(
                fields=["holder_ref", "seat"],
                condition=Q(state="BOOKED"),
                name="appointment_seat_once",
            ),
        ]
        indexes = [
            models.Index(fields=["holder_ref", "-starts_at"], name="appointment_holder"),
            models.Index(fields=["hall", "starts_at"], name="appointment_hall"),
            models.Index(
                fields=["starts_at"], condition=Q(state="BOOKED"), name="appointment_to_come"
            ),
        ]

    def __str__(self) -> str:
        return self.number


class Ticket(models.Model):
    """A number in a line (号票). order_at: the lowest waiting one is next; code: its page on the phone."""

    class State(models.TextChoices):
        WAITING = "WAITING", "等候"
        CALLED = "CALLED", "已叫号"
        SERVING = "SERVING", "办理中"
        SKIPPED = "SKIPPED", "过号"
        DONE = "DONE", "办结"
        NO_ANSWER = "NO_ANSWER", "未到"
        LEFT = "LEFT", "已离开"

    code = models.CharField("查询码", max_length=16, unique=True)
    hall = models.ForeignKey(Hall, models.PROTECT, related_name="tickets", verbose_name="大厅")
    day = models.DateField("日期")
    label = models.CharField("号码", max_length=8)
    queue = models.ForeignKey(Queue, models.PROTECT, related_name="tickets", verbose_name="队列")
    priority = models.ForeignKey(
        PriorityClass, models.PROTECT, related_name="+", verbose_name="优先类别", null=True
    )
    appointment = models.OneToOneField(
        Appointment, models.PROTECT, related_name="ticket", verbose_name="预约", null=True
    )
    channel = models.CharField("取号渠道", max_length=5)
    state = models.CharField("状态", max_length=9, choices=State.choices, default=State.WAITING)
    account_id = models.BigIntegerField("取号账户", null=True)
    holder_ref = protected(models.CharField("取号人", max_length=80, blank=True), level=3)
    name = protected(models.CharField("姓名", max_length=80, blank=True), level=3)
    phone = protected(models.CharField("联系电话", max_length=20, blank=True), level=3)
    further = models.JSONField("后续队列", default=list)
    matters = models.JSONField("事项编码", default=list)
    applications = models.JSONField("办件编号", default=list)
    window = models.ForeignKey(
        Window, models.PROTECT, related_name="tickets", verbose_name="窗口", null=True
    )
    calls = models.PositiveSmallIntegerField("叫号次数", default=0)
    issued_at = models.DateTimeField("取号时间")
    ready_at = models.DateTimeField("开始等候时间")
    order_at = models.DateTimeField("排序时间")
    called_at = models.DateTimeField("叫号时间", null=True)
    started_at = models.DateTimeField("开始办理时间", null=True)
    ended_at = models.DateTimeField("结束时间", null=True)
    forecast = models.JSONField("等候预测", null=True)
    is_told = models.BooleanField("已提醒", default=False)
    rating_code = models.CharField("评价码", max_length=12, blank=True)

    objects = PersonalDataManager()

    class Meta:
        verbose_name = "号票"
        constraints = [
            models.UniqueConstraint(fields=["hall", "day", "label"], name="ticket_label_once"),
            models.UniqueConstraint(
                fields=["window"],
                condition=Q(state__in=["CALLED", "SERVING"]),
                name="window_one_ticket",
            ),
            models.UniqueConstraint(
                fields=["hall", "day", "holder_ref"],
                condition=~Q(holder_ref="")
                & Q(state__in=["WAITING", "CALLED", "SERVING", "SKIPPED"]),
                name="ticket_one_a_person",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["CALLED", "SERVING"]) | Q(window__isnull=False),
                name="ticket_called_somewhere",
            ),
        ]
        indexes = [
            models.Index(
                fields=["queue", "order_at", "id"],
                condition=Q(state="WAITING"),
                name="ticket_waiting",
            ),
            models.Index(fields=["hall", "day", "state"], name="ticket_hall_day"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.label} {self.state}"


class TicketCall(models.Model):
    """One ticket at one window, from its call to its end (叫号记录): what statistics and forecasts read."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="history", verbose_name="号票")
    queue = models.ForeignKey(Queue, models.PROTECT, related_name="calls", verbose_name="队列")
    window = models.ForeignKey(Window, models.PROTECT, related_name="calls", verbose_name="窗口")
    clerk_id = models.BigIntegerField("经办人")
    called_at = models.DateTimeField("叫号时间")
    started_at = models.DateTimeField("开始办理时间", null=True)
    ended_at = models.DateTimeField("结束时间", null=True)
    outcome = models.CharField("结果", max_length=11, blank=True)
    wait_seconds = models.PositiveIntegerField("等候秒数")
    busy_seconds = models.PositiveIntegerField("占用窗口秒数", null=True)
    service_seconds = models.PositiveIntegerField("办理秒数", null=True)
    forecast = models.JSONField("等候预测", null=True)
    applications = models.PositiveSmallIntegerField("收件数", default=0)

    class Meta:
        verbose_name = "叫号记录"
        constraints = [
            models.UniqueConstraint(
                fields=["window"], condition=Q(ended_at__isnull=True), name="call_one_a_window"
            ),
            models.UniqueConstraint(
                fields=["ticket"], condition=Q(ended_at__isnull=True), name="call_one_a_ticket"
            ),
        ]
        indexes = [models.Index(fields=["queue", "-called_at"], name="call_of_queue")]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.window_id} {self.outcome}"


class Kiosk(models.Model):
    """A self-service machine of a hall (自助终端). version: each pairing makes the cookies before it worthless."""

    hall = models.ForeignKey(Hall, models.CASCADE, related_name="kiosks", verbose_name="大厅")
    title = models.CharField("名称", max_length=60)
    pairing_hash = models.CharField("配对码摘要", max_length=64, blank=True)
    version = models.PositiveIntegerField("配对序号", default=0)
    paired_at = models.DateTimeField("配对时间", null=True)
    is_open = models.BooleanField("启用", default=True)

    class Meta:
        verbose_name = "自助终端"
        constraints = [
            models.UniqueConstraint(
                fields=["pairing_hash"],
                condition=~Q(pairing_hash=""),
                name="kiosk_pairing_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.hall_id} {self.title}"
