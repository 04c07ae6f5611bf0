from django.db import models
from django.db.models import Q

OPEN = Q(closed_at__isnull=True)


class ProcessModel(models.Model):
    """A process by name (流程模型); what runs are its versions."""

    key = models.CharField("标识", max_length=120, unique=True)
    title = models.JSONField("名称", default=dict)
    source = models.CharField("来源", max_length=200, blank=True)

    class Meta:
        verbose_name = "流程模型"

    def __str__(self) -> str:
        return self.key


class ProcessVersion(models.Model):
    """One version of a process (流程版本): never changed once stored, instances stay on theirs."""

    process = models.ForeignKey(
        ProcessModel, models.PROTECT, related_name="versions", verbose_name="流程"
    )
    number = models.PositiveIntegerField("版本号")
    digest = models.CharField("摘要", max_length=64)
    xml = models.TextField("BPMN 文件")
    created_at = models.DateTimeField("入库时间", auto_now_add=True)

    class Meta:
        verbose_name = "流程版本"
        constraints = [
            models.UniqueConstraint(fields=["process", "number"], name="process_version_number"),
            models.UniqueConstraint(fields=["process", "digest"], name="process_version_digest"),
        ]

    def __str__(self) -> str:
        return f"{self.process_id} v{self.number}"


class ProcessInstance(models.Model):
    """One run of a version for one matter (流程实例).

    revision is the sequence number of its last history event: the history is the journal, and every
    step moves the row from one revision to a later one by a guarded update. An instance that another
    one called knows its parent; the whole family moves under the lock of its root.
    """

    class State(models.TextChoices):
        RUNNING = "RUNNING", "运行中"
        SUSPENDED = "SUSPENDED", "已挂起"
        COMPLETED = "COMPLETED", "已办结"
        WITHDRAWN = "WITHDRAWN", "已撤回"
        TERMINATED = "TERMINATED", "已终止"
        FAILED = "FAILED", "出错待处理"

    version = models.ForeignKey(
        ProcessVersion, models.PROTECT, related_name="instances", verbose_name="版本"
    )
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.RUNNING)
    business_key = models.CharField("业务标识", max_length=120, db_index=True)
    card = models.JSONField("办件卡片", default=dict)
    departments = models.JSONField("承办部门", default=dict)
    variables = models.JSONField("流程变量", default=dict)
    revision = models.PositiveIntegerField("修订号", default=0)
    failure = models.CharField("出错原因", max_length=400, blank=True)
    root = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name="最上层实例",
        db_index=False,
    )
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        related_name="children",
        verbose_name="调用方实例",
        db_index=False,
    )
    parent_token = models.PositiveIntegerField("调用方令牌", null=True)
    started_at = models.DateTimeField("开始时间")
    ended_at = models.DateTimeField("结束时间", null=True)

    class Meta:
        verbose_name = "流程实例"
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["RUNNING", "SUSPENDED", "FAILED"], ended_at__isnull=True)
                | Q(state__in=["COMPLETED", "WITHDRAWN", "TERMINATED"], ended_at__isnull=False),
                name="instance_ended_when_over",
            ),
        ]
        indexes = [
            models.Index(
                fields=["parent"], name="instance_called", condition=Q(parent__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.business_key} {self.state}"


class Token(models.Model):
    """Where an instance stands (令牌): at a task (WORK), before a join (JOIN), at an event (WAIT), in a
    sub-process or inclusive block (SCOPE), a multi-instance (MULTI), a called process (CALL), with
    signers after its own item is done (SIGN), or where an error left it (STUCK).

    Rows exist only while the instance waits there. number is the sequence number of the history
    event that made it, scope the number of the token inside which it stands (0 = process). data holds
    what only this token knows: its element, the count of a multi-instance.
    """

    class State(models.TextChoices):
        WORK = "WORK", "办理中"
        JOIN = "JOIN", "等待汇合"
        WAIT = "WAIT", "等待事件"
        SCOPE = "SCOPE", "子流程中"
        MULTI = "MULTI", "多实例中"
        CALL = "CALL", "调用中"
        SIGN = "SIGN", "等待加签人"
        STUCK = "STUCK", "出错"

    instance = models.ForeignKey(
        ProcessInstance, models.CASCADE, related_name="tokens", verbose_name="实例", db_index=False
    )
    number = models.PositiveIntegerField("编号")
    node_id = models.CharField("节点", max_length=120)
    state = models.CharField("状态", max_length=8, choices=State.choices)
    flow_id = models.CharField("来路", max_length=120, blank=True)
    scope = models.PositiveIntegerField("作用域", default=0)
    data = models.JSONField("私有数据", null=True)

    class Meta:
        verbose_name = "令牌"
        constraints = [
            models.UniqueConstraint(fields=["instance", "number"], name="token_number_once"),
        ]

    def __str__(self) -> str:
        return f"{self.instance_id}/{self.number} {self.node_id}"


class WorkItem(models.Model):
    """A piece of work for a role in a department (待办). The card's text is copied in, so that a
    desk page is one indexed read. due_order is due_at, or the year 9999 where there is none, so that
    both databases can walk one index with undated items last.
    """

    class State(models.TextChoices):
        READY = "READY", "待办"
        CLAIMED = "CLAIMED", "办理中"
        SUSPENDED = "SUSPENDED", "已挂起"
        COMPLETED = "COMPLETED", "已办"
        WITHDRAWN = "WITHDRAWN", "已撤回"
        CANCELLED = "CANCELLED", "已取消"

    class Pause(models.TextChoices):
        NONE = "", "未挂起"
        ITEM = "ITEM", "补正"
        INSTANCE = "INSTANCE", "流程挂起"
        SIGNERS = "SIGNERS", "等待加签人"

    instance = models.ForeignKey(
        ProcessInstance, models.PROTECT, related_name="items", verbose_name="实例", db_index=False
    )
    token_number = models.PositiveIntegerField("令牌编号")
    business_key = models.CharField("业务标识", max_length=120, db_index=True)
    node_id = models.CharField("节点", max_length=120)
    branch = models.CharField("分支", max_length=80, blank=True)
    name_zh = models.CharField("环节名称", max_length=120, blank=True)
    name_en = models.CharField("环节英文名称", max_length=160, blank=True)
    number = models.CharField("办件编号", max_length=80, blank=True)
    title_zh = models.CharField("事项名称", max_length=200, blank=True)
    title_en = models.CharField("事项英文名称", max_length=240, blank=True)
    applicant_name = models.CharField("申请人", max_length=160, blank=True)
    url = models.CharField("办理地址", max_length=200, blank=True)
    department_id = models.BigIntegerField("承办部门")
    role = models.CharField("角色", max_length=40)
    assignee_id = models.BigIntegerField("办理人", null=True)
    delegated_by = models.BigIntegerField("委派人", null=True)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.READY)
    paused_by = models.CharField("挂起原因", max_length=8, choices=Pause.choices, blank=True)
    ground = models.CharField("挂起事由", max_length=80, blank=True)
    outcome = models.CharField("办理结果", max_length=40, blank=True)
    opened_at = models.DateTimeField("到达时间")
    due_at = models.DateTimeField("到期时间", null=True)
    due_order = models.DateTimeField("到期排序")
    warn_at = models.DateTimeField("预警时间", null=True)
    closed_at = models.DateTimeField("办结时间", null=True)

    class Meta:
        verbose_name = "待办"
        constraints = [
            models.UniqueConstraint(
                fields=["instance", "token_number"], name="work_item_per_token"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["READY", "CLAIMED", "SUSPENDED"], closed_at__isnull=True)
                | Q(state__in=["COMPLETED", "WITHDRAWN", "CANCELLED"], closed_at__isnull=False),
                name="work_item_closed_when_done",
            ),
            models.CheckConstraint(
                condition=Q(due_at__isnull=True) | Q(due_order=models.F("due_at")),
                name="work_item_due_order",
            ),
            models.CheckConstraint(
                condition=~Q(state="CLAIMED") | Q(assignee_id__isnull=False),
                name="work_item_claimed_by_someone",
            ),
        ]
        indexes = [
            models.Index(
                fields=["department_id", "role", "due_order", "id", "state", "warn_at"],
                name="work_item_desk",
                condition=OPEN,
            ),
            models.Index(
                fields=["assignee_id", "due_order", "id"],
                name="work_item_mine",
                condition=OPEN & Q(assignee_id__isnull=False),
            ),
            models.Index(fields=["due_order", "id"], name="work_item_due", condition=OPEN),
            models.Index(
                fields=["department_id", "title_zh", "due_order", "warn_at"],
                name="work_item_board",
                condition=OPEN,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name_zh} {self.state}"


class Timer(models.Model):
    """A timer event waiting to fire (定时). A working-day limit without a published calendar has no
    due_at yet; the sweep dates it when the calendar comes out.
    """

    class State(models.TextChoices):
        PENDING = "PENDING", "等待"
        PAUSED = "PAUSED", "暂停"
        FIRED = "FIRED", "已触发"
        CANCELLED = "CANCELLED", "已取消"

    instance = models.ForeignKey(
        ProcessInstance, models.CASCADE, related_name="timers", verbose_name="实例", db_index=False
    )
    token_number = models.PositiveIntegerField("令牌编号")
    node_id = models.CharField("节点", max_length=120)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.PENDING)
    started_at = models.DateTimeField("起算时间")
    amount = models.PositiveIntegerField("数量")
    unit = models.CharField("单位", max_length=12)
    times = models.PositiveIntegerField("剩余次数（0为不限）", default=1)
    due_at = models.DateTimeField("到期时间", null=True)
    paused_at = models.DateTimeField("暂停时间", null=True)

    class Meta:
        verbose_name = "定时"
        constraints = [
            models.UniqueConstraint(
                fields=["instance", "token_number", "node_id"], name="timer_per_token"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="timer_due", condition=Q(state="PENDING")),
        ]

    def __str__(self) -> str:
        return f"{self.instance_id} {self.node_id} {self.state}"


class Subscription(models.Model):
    """A token that waits for a message or a signal (订阅). key: what a message is correlated by."""

    class State(models.TextChoices):
        PENDING = "PENDING", "等待"
        TAKEN = "TAKEN", "已触发"
        CANCELLED = "CANCELLED", "已取消"

    instance = models.ForeignKey(
        ProcessInstance,
        models.CASCADE,
        related_name="subscriptions",
        verbose_name="实例",
        db_index=False,
    )
    token_number = models.PositiveIntegerField("令牌编号")
    node_id = models.CharField("节点", max_length=120)
    kind = models.CharField("类别", max_length=8)
    name = models.CharField("名称", max_length=120)
    key = models.CharField("关联键", max_length=160, blank=True)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.PENDING)

    class Meta:
        verbose_name = "事件订阅"
        constraints = [
            models.UniqueConstraint(
                fields=["instance", "token_number", "node_id"], name="subscription_per_token"
            ),
        ]
        indexes = [
            models.Index(
                fields=["name", "key"],
                name="subscription_open",
                condition=Q(state="PENDING"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.instance_id} {self.kind} {self.name}"


class Message(models.Model):
    """A message on its way to one receiver, or a signal to one of those who waited for it (消息).

    A message that nobody waits for is kept until expires_at. reference: the sender's own number; a
    second message of the same name and reference is the same message.
    """

    class State(models.TextChoices):
        KEPT = "KEPT", "待投递"
        DELIVERED = "DELIVERED", "已投递"
        EXPIRED = "EXPIRED", "已过期"

    kind = models.CharField("类别", max_length=8)
    name = models.CharField("名称", max_length=120)
    key = models.CharField("关联键", max_length=160, blank=True)
    reference = models.CharField("来源编号", max_length=160, blank=True)
    variables = models.JSONField("内容", default=dict)
    subscription = models.ForeignKey(
        Subscription, models.SET_NULL, null=True, related_name="+", verbose_name="收件订阅"
    )
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.KEPT)
    sent_at = models.DateTimeField("发出时间")
    expires_at = models.DateTimeField("保留至")
    delivered_at = models.DateTimeField("投递时间", null=True)

    class Meta:
        verbose_name = "流程消息"
        constraints = [
            models.UniqueConstraint(
                fields=["name", "reference"],
                name="message_reference_once",
                condition=~Q(reference=""),
            ),
        ]
        indexes = [
            models.Index(
                fields=["name", "key", "id"], name="message_kept", condition=Q(state="KEPT")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name} {self.key}"


class Proxy(models.Model):
    """Who acts for an absent officer (代办授权): in which roles, departments and processes, from when to when."""

    principal_id = models.BigIntegerField("委托人")
    principal_name = models.CharField("委托人姓名", max_length=80, blank=True)
    deputy_id = models.BigIntegerField("代办人", db_index=True)
    roles = models.JSONField("角色", default=list)
    department_ids = models.JSONField("部门", default=list)
    processes = models.JSONField("流程", default=list)
    starts_at = models.DateTimeField("开始")
    ends_at = models.DateTimeField("结束")
    reason = models.CharField("事由", max_length=200)
    revoked_at = models.DateTimeField("撤销时间", null=True)

    class Meta:
        verbose_name = "代办授权"
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=models.F("starts_at")), name="proxy_has_a_period"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.principal_id} -> {self.deputy_id}"


class InstanceHold(models.Model):
    """A suspension of a whole case (挂起记录): on what ground, by whom, for how long; and how it ended.

    department_id: the department in charge, in whose list it stands. ground: a code of the owner's; document: the
    paper that says so; expected_days: working days, as those concerned were told.
    """

    class End(models.TextChoices):
        RESUMED = "RESUMED", "已恢复"
        WITHDRAWN = "WITHDRAWN", "已撤回"
        TERMINATED = "TERMINATED", "已终止"

    instance = models.ForeignKey(
        ProcessInstance, models.PROTECT, related_name="holds", verbose_name="实例"
    )
    department_id = models.BigIntegerField("牵头部门", null=True)
    ground = models.CharField("事由", max_length=40, blank=True)
    document = models.CharField("文书", max_length=160, blank=True)
    reason = models.CharField("说明", max_length=500)
    expected_days = models.PositiveSmallIntegerField("预计工作日", null=True)
    suspended_at = models.DateTimeField("挂起时间")
    suspended_by = models.CharField("挂起人", max_length=80, blank=True)
    ended_at = models.DateTimeField("结束时间", null=True)
    ended_by = models.CharField("结束人", max_length=80, blank=True)
    end = models.CharField("结束方式", max_length=10, choices=End.choices, blank=True)
    end_reason = models.CharField("结束说明", max_length=500, blank=True)

    class Meta:
        verbose_name = "挂起记录"
        constraints = [
            models.UniqueConstraint(
                fields=["instance"], condition=Q(ended_at__isnull=True), name="hold_open_once"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, end="") | Q(ended_at__isnull=False) & ~Q(end=""),
                name="hold_says_how_it_ended",
            ),
        ]
        indexes = [
            models.Index(
                fields=["department_id", "suspended_at"],
                name="hold_open",
                condition=Q(ended_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.instance_id} {self.suspended_at:%Y-%m-%d}"


class HistoryEvent(models.Model):
    """One thing that happened to an instance (流转记录). Rows are only ever added: triggers refuse the rest."""

    instance = models.ForeignKey(
        ProcessInstance, models.PROTECT, related_name="history", verbose_name="实例", db_index=False
    )
    seq = models.PositiveIntegerField("序号")
    at = models.DateTimeField("时间")
    kind = models.CharField("类别", max_length=24)
    node_id = models.CharField("节点", max_length=120, blank=True)
    actor_id = models.BigIntegerField("操作人", null=True)
    actor_name = models.CharField("操作人姓名", max_length=80, blank=True)
    detail = models.JSONField("详情", default=dict)

    class Meta:
        verbose_name = "流转记录"
        constraints = [
            models.UniqueConstraint(fields=["instance", "seq"], name="history_seq_once"),
        ]

    def __str__(self) -> str:
        return f"{self.instance_id}/{self.seq} {self.kind}"
