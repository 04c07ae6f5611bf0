from django.db import models


class ProcessDraft(models.Model):
    """A process while it is drawn (流程草稿): one for each process, kept until it is published.

    revision counts the savings, so that nobody overwrites what somebody else drew meanwhile. The XML
    may be of any quality as long as it can be read: it is a draft.
    """

    key = models.CharField("标识", max_length=120, unique=True)
    title = models.JSONField("名称", default=dict)
    xml = models.TextField("BPMN 文件")
    base_number = models.PositiveIntegerField("所依版本", default=0)
    revision = models.PositiveIntegerField("保存次数", default=1)
    edited_by_id = models.BigIntegerField("编辑人", null=True)
    edited_by_name = models.CharField("编辑人姓名", max_length=80, blank=True)
    edited_at = models.DateTimeField("保存时间")
    # Accounts of all who drew it: none of them publishes it.
    writer_ids = models.JSONField("编写人", default=list)

    class Meta:
        verbose_name = "流程草稿"

    def __str__(self) -> str:
        return f"{self.key} r{self.revision}"


class ProcessPublication(models.Model):
    """Who published a version from the designer, and why (流程发布记录)."""

    key = models.CharField("标识", max_length=120)
    number = models.PositiveIntegerField("版本号")
    note = models.TextField("变更说明")
    published_by_id = models.BigIntegerField("发布人", null=True)
    published_by_name = models.CharField("发布人姓名", max_length=80, blank=True)
    written_by_name = models.CharField("编写人姓名", max_length=80, blank=True)
    published_at = models.DateTimeField("发布时间")

    class Meta:
        verbose_name = "流程发布记录"
        constraints = [
            models.UniqueConstraint(fields=["key", "number"], name="publication_once"),
        ]

    def __str__(self) -> str:
        return f"{self.key} v{self.number}"
