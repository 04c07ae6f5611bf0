from django.db import models


class CodeTable(models.Model):
    """A code table (代码表): what is coded, whatever the edition."""

    key = models.CharField("键", max_length=40, unique=True)
    title_zh = models.CharField("中文名称", max_length=120)
    title_en = models.CharField("英文名称", max_length=160)

    class Meta:
        verbose_name = "代码表"
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key


class CodeEdition(models.Model):
    """One edition of a table (版本): complete, never edited, in force valid_from <= d < valid_to."""

    table = models.ForeignKey(
        CodeTable, models.PROTECT, related_name="editions", verbose_name="代码表"
    )
    edition = models.CharField("版本", max_length=40)
    valid_from = models.DateField("启用日期")
    valid_to = models.DateField("停用日期", null=True)
    standard_ref = models.CharField("标准", max_length=120, blank=True)
    source = models.JSONField("来源")
    is_made = models.BooleanField("虚构数据", default=False)
    digest = models.CharField("摘要", max_length=64)
    loaded_at = models.DateTimeField("载入时间")

    class Meta:
        verbose_name = "代码表版本"
        ordering = ["valid_from", "id"]
        constraints = [
            models.UniqueConstraint(fields=["table", "edition"], name="code_edition_name"),
            models.UniqueConstraint(fields=["table", "valid_from"], name="code_edition_from"),
            models.CheckConstraint(
                condition=models.Q(valid_to=None) | models.Q(valid_to__gt=models.F("valid_from")),
                name="code_edition_span",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.table_id} {self.edition}"


class Code(models.Model):
    """One code of one edition (代码). is_local: an extension of the city, not of the standard;

    predecessors: the old codes that the edition itself names, separated by spaces.
    """

    edition = models.ForeignKey(
        CodeEdition, models.CASCADE, related_name="codes", verbose_name="版本"
    )
    code = models.CharField("代码", max_length=40)
    name = models.CharField("名称", max_length=120)
    name_en = models.CharField("英文名称", max_length=160, blank=True)
    parent_code = models.CharField("上级代码", max_length=40, blank=True)
    level = models.PositiveSmallIntegerField("层级", default=1)
    is_local = models.BooleanField("本地扩展", default=False)
    predecessors = models.CharField("原代码", max_length=400, blank=True)
    attributes = models.JSONField("属性", default=dict)

    class Meta:
        verbose_name = "代码"
        ordering = ["code"]
        indexes = [models.Index(fields=["edition", "parent_code", "code"], name="code_parent")]
        constraints = [
            models.UniqueConstraint(fields=["edition", "code"], name="code_edition_code")
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class CodeSuccession(models.Model):
    """What became of a code from one edition to the next (代码沿革). An unchanged code has no row,

    unless a person said so. from_code is empty for what was added, to_code for what is gone.
    """

    class Kind(models.TextChoices):
        UNCHANGED = "UNCHANGED", "未变"
        RENAMED = "RENAMED", "更名"
        RECODED = "RECODED", "变更代码"
        MERGED = "MERGED", "合并"
        SPLIT = "SPLIT", "拆分"
        ADDED = "ADDED", "新增"
        GONE = "GONE", "撤销"

    class DecidedBy(models.TextChoices):
        RULE = "RULE", "规则"
        PERSON = "PERSON", "人工"

    from_edition = models.ForeignKey(
        CodeEdition, models.CASCADE, related_name="+", verbose_name="原版本"
    )
    from_code = models.CharField("原代码", max_length=40, blank=True)
    to_edition = models.ForeignKey(
        CodeEdition, models.CASCADE, related_name="+", verbose_name="新版本"
    )
    to_code = models.CharField("新代码", max_length=40, blank=True)
    kind = models.CharField("种类", max_length=9, choices=Kind.choices)
    evidence = models.CharField("依据", max_length=300)
    decided_by = models.CharField("认定方式", max_length=6, choices=DecidedBy.choices)

    class Meta:
        verbose_name = "代码沿革"
        ordering = ["id"]
        indexes = [
            models.Index(fields=["to_edition", "to_code"], name="succession_to"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["from_edition", "to_edition", "from_code", "to_code"],
                name="succession_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.from_code} {self.kind} {self.to_code}"
