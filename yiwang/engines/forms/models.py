from django.db import models

from yiwang.engines.forms.fields import OrderedJSONField


class Form(models.Model):
    """A form under its full name, for example "civil_affairs.elder_card_apply" (表单).

    block: set when the form itself is a reusable block, for example "address".
    """

    key = models.CharField("名称", max_length=120, unique=True)
    block = models.CharField("常用信息块", max_length=40, blank=True, default="", db_index=True)

    class Meta:
        verbose_name = "表单"

    def __str__(self) -> str:
        return self.key


class FormVersion(models.Model):
    """One version of a form (表单版本). Never changed: what was asked stays readable for ever."""

    form = models.ForeignKey(Form, models.PROTECT, related_name="versions", verbose_name="表单")
    number = models.PositiveIntegerField("版本号")
    digest = models.CharField("摘要", max_length=64)
    definition = OrderedJSONField("定义")
    source = models.CharField("来源", max_length=200)
    created_at = models.DateTimeField("载入时间")

    class Meta:
        verbose_name = "表单版本"
        constraints = [
            models.UniqueConstraint(fields=["form", "number"], name="form_version_number"),
            models.UniqueConstraint(fields=["form", "digest"], name="form_version_digest"),
        ]

    def __str__(self) -> str:
        return f"{self.form} v{self.number}"


class Draft(models.Model):
    """What somebody has typed so far for one purpose (草稿), as typed; one per account and purpose.

    history: field -> [[revision, value before]]; others: what another device typed differently.
    groups: group -> {"start": row one stands at, "note": what the last imported file gave}.
    """

    account_id = models.BigIntegerField("账户")
    purpose_key = models.CharField("用途", max_length=160)
    form_version = models.ForeignKey(
        FormVersion, models.PROTECT, related_name="+", verbose_name="表单版本"
    )
    # Personal data of protection level 3 (个人信息): only the owner reads them.
    values = models.JSONField("填写内容", default=dict)
    sources = models.JSONField("预填来源", default=dict)
    others = models.JSONField("另一设备填写", default=dict)
    history = models.JSONField("修改历史", default=dict)
    page = models.CharField("所在页", max_length=60, blank=True)
    groups = models.JSONField("分组所在行", default=dict)
    revision = models.PositiveIntegerField("修订号", default=1)
    created_at = models.DateTimeField("开始时间")
    updated_at = models.DateTimeField("保存时间")

    class Meta:
        verbose_name = "草稿"
        constraints = [
            models.UniqueConstraint(fields=["account_id", "purpose_key"], name="draft_purpose")
        ]
        indexes = [
            models.Index(fields=["account_id", "-updated_at", "-id"], name="draft_account_updated")
        ]

    def __str__(self) -> str:
        return f"{self.purpose_key} #{self.pk}"


class Attachment(models.Model):
    """One uploaded file (附件); files with the same content share one place on disk."""

    account_id = models.BigIntegerField("账户")
    path = models.CharField("存储位置", max_length=200)
    sha256 = models.CharField("摘要", max_length=64)
    name = models.CharField("文件名", max_length=140)
    declared_type = models.CharField("声明类型", max_length=120, blank=True)
    content_type = models.CharField("识别类型", max_length=120)
    size = models.PositiveIntegerField("大小")
    created_at = models.DateTimeField("上传时间")

    class Meta:
        verbose_name = "附件"
        indexes = [
            models.Index(fields=["account_id", "-created_at", "-id"], name="attachment_account"),
            models.Index(fields=["path"], name="attachment_path"),
            models.Index(fields=["created_at"], name="attachment_created"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(size__gt=0), name="attachment_not_empty"),
        ]

    def __str__(self) -> str:
        return self.name
