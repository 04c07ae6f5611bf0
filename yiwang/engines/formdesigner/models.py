from django.db import models

from yiwang.engines.forms.fields import OrderedJSONField


class FormDraft(models.Model):
    """A form while it is written (表单设计草稿): one for each form, kept until it is published.

    revision counts the savings, so that nobody overwrites what somebody else wrote meanwhile. The
    definition may be of any quality: it is a draft. writer_ids: everybody who changed it; none of them
    may publish it. trial: what was typed into its preview.
    """

    key = models.CharField("标识", max_length=120, unique=True)
    definition = OrderedJSONField("定义")
    base_number = models.PositiveIntegerField("所依版本", default=0)
    revision = models.PositiveIntegerField("保存次数", default=1)
    writer_ids = models.JSONField("编写人", default=list)
    writer_names = models.JSONField("编写人姓名", default=list)
    edited_by_name = models.CharField("最近编写人", max_length=80, blank=True)
    edited_at = models.DateTimeField("保存时间")
    trial = models.JSONField("试填内容", default=dict)

    class Meta:
        verbose_name = "表单设计草稿"

    def __str__(self) -> str:
        return f"{self.key} r{self.revision}"


class FormPublication(models.Model):
    """Who wrote a version, who published it, and why (表单发布记录)."""

    key = models.CharField("标识", max_length=120)
    number = models.PositiveIntegerField("版本号")
    reason = models.TextField("发布理由")
    writer_names = models.JSONField("编写人姓名", default=list)
    published_by_id = models.BigIntegerField("发布人", null=True)
    published_by_name = models.CharField("发布人姓名", max_length=80, blank=True)
    published_at = models.DateTimeField("发布时间")

    class Meta:
        verbose_name = "表单发布记录"
        constraints = [
            models.UniqueConstraint(fields=["key", "number"], name="form_publication_once"),
        ]

    def __str__(self) -> str:
        return f"{self.key} v{self.number}"
