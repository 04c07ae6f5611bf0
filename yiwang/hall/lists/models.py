"""The published lists of power and responsibility with their history (权力清单、责任清单)."""

from django.db import models
from django.db.models import F, Q

from yiwang.hall.lists.data import CHANGE_KINDS


class ListAdjustment(models.Model):
    """An adjustment of the lists (清单调整): prepared by one person, published by another, with its ground."""

    class State(models.TextChoices):
        DRAFT = "DRAFT", "拟稿"
        SUBMITTED = "SUBMITTED", "待公布"
        PUBLISHED = "PUBLISHED", "已公布"
        DISCARDED = "DISCARDED", "已作废"

    number = models.PositiveIntegerField("期号", null=True, unique=True)
    state = models.CharField("状态", max_length=9, choices=State.choices, default=State.DRAFT)
    reason = models.TextField("调整理由", blank=True)
    legal_ground = models.TextField("调整依据", blank=True)
    effective_date = models.DateField("生效日期")
    counts = models.JSONField("调整数量", default=dict)
    prepared_by_id = models.BigIntegerField("拟稿人标识", null=True)
    prepared_by = models.CharField("拟稿人", max_length=80)
    prepared_at = models.DateTimeField("拟稿时间")
    return_note = models.TextField("退回意见", blank=True)
    published_by_id = models.BigIntegerField("公布人标识", null=True)
    published_by = models.CharField("公布人", max_length=80, blank=True)
    published_at = models.DateTimeField("公布时间", null=True)

    class Meta:
        verbose_name = "清单调整"
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="PUBLISHED")
                | Q(published_at__isnull=False, number__isnull=False),
                name="list_adjustment_published_whole",
            ),
            models.CheckConstraint(
                condition=Q(published_by_id__isnull=True) | ~Q(published_by_id=F("prepared_by_id")),
                name="list_adjustment_two_persons",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.state}"


class ListDesk(models.Model):
    """The one place where an adjustment is prepared (清单调整台): holds it while it is open.

    One row, locked by every act on an adjustment: two can neither be open nor published at once.
    """

    open_adjustment = models.OneToOneField(
        ListAdjustment, models.PROTECT, null=True, related_name="+", verbose_name="在办调整"
    )

    class Meta:
        verbose_name = "清单调整台"

    def __str__(self) -> str:
        return f"{self.open_adjustment_id or ''}"


class ListEntry(models.Model):
    """A power on the lists from one day to another (清单事项). Content never changes under a row."""

    code = models.CharField("事项编码", max_length=12)
    content = models.JSONField("内容")
    digest = models.CharField("摘要", max_length=64)
    title = models.CharField("名称", max_length=300)
    function = models.CharField("部门职能", max_length=40)
    item_type = models.CharField("权力类型", max_length=2)
    level = models.CharField("行使层级", max_length=8)
    has_basis = models.BooleanField("有设定依据")
    valid_from = models.DateField("列入日期")
    valid_to = models.DateField("移出日期", null=True)
    adjustment = models.ForeignKey(
        ListAdjustment, models.PROTECT, related_name="entries", verbose_name="列入的调整"
    )
    ended_by = models.ForeignKey(
        ListAdjustment, models.PROTECT, null=True, related_name="+", verbose_name="移出的调整"
    )

    class Meta:
        verbose_name = "清单事项"
        constraints = [
            models.UniqueConstraint(
                fields=["code"], condition=Q(valid_to__isnull=True), name="list_entry_current_once"
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                name="list_entry_days_in_order",
            ),
        ]
        indexes = [
            models.Index(fields=["function", "item_type", "code"], name="list_entry_function"),
            models.Index(fields=["code", "-valid_from"], name="list_entry_history"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"


class ListChange(models.Model):
    """One power in an adjustment (清单调整事项): before and after as they were when it was prepared."""

    adjustment = models.ForeignKey(
        ListAdjustment, models.CASCADE, related_name="changes", verbose_name="清单调整"
    )
    code = models.CharField("事项编码", max_length=12)
    kind = models.CharField("调整类别", max_length=11, choices=list(CHANGE_KINDS.items()))
    title = models.CharField("名称", max_length=300)
    function = models.CharField("部门职能", max_length=40)
    before = models.JSONField("调整前", null=True)
    after = models.JSONField("调整后", null=True)
    note = models.TextField("说明", blank=True)
    is_left_out = models.BooleanField("暂不调整", default=False)

    class Meta:
        verbose_name = "清单调整事项"
        constraints = [
            models.UniqueConstraint(fields=["adjustment", "code"], name="list_change_once"),
        ]

    def __str__(self) -> str:
        return f"{self.adjustment_id} {self.code} {self.kind}"


class ListDetail(models.Model):
    """What a department adds to its power that the catalogue does not say (清单补充信息)."""

    code = models.CharField("事项编码", max_length=12, unique=True)
    office = models.CharField("承办机构", max_length=120, blank=True)
    responsibilities = models.TextField("责任事项", blank=True)
    accountability = models.TextField("追责情形", blank=True)
    accountability_basis = models.TextField("追责依据", blank=True)
    updated_by = models.CharField("更新人", max_length=80)
    updated_at = models.DateTimeField("更新时间")

    class Meta:
        verbose_name = "清单补充信息"

    def __str__(self) -> str:
        return self.code


class FeeEntry(models.Model):
    """A charge that the city's fee catalogue allows (收费目录清单条目): for which matter, on what ground, how much at most.

    min_fen, max_fen: in 分, of one unit if there is one; null where the catalogue gives a standard in words only.
    """

    code = models.CharField("事项编码", max_length=12, unique=True)
    title = models.CharField("收费项目", max_length=200)
    basis = models.CharField("收费依据", max_length=300)
    standard = models.CharField("收费标准", max_length=300, blank=True)
    min_fen = models.BigIntegerField("最低收费（分）", null=True)
    max_fen = models.BigIntegerField("最高收费（分）", null=True)
    unit = models.CharField("计费单位", max_length=40, blank=True)
    source = models.CharField("来源", max_length=120)
    loaded_at = models.DateTimeField("载入时间")

    class Meta:
        verbose_name = "收费目录清单"
        constraints = [
            models.CheckConstraint(
                condition=Q(max_fen__isnull=True) | Q(max_fen__gt=0), name="fee_entry_charges"
            ),
            models.CheckConstraint(
                condition=Q(min_fen__isnull=True)
                | Q(max_fen__isnull=True)
                | Q(min_fen__lte=models.F("max_fen")),
                name="fee_entry_range",
            ),
        ]

    def __str__(self) -> str:
        return self.code
