from django.db import models


class AuditEvent(models.Model):
    """One act of one person (审计事件). Rows are only ever added: triggers refuse the rest."""

    at = models.DateTimeField("时间", db_index=True)
    act = models.CharField("操作", max_length=80)
    population = models.CharField("人群", max_length=12)
    account_id = models.BigIntegerField("账户", null=True)
    actor_name = models.CharField("操作人", max_length=80)
    post_title = models.CharField("职务", max_length=120, blank=True)
    department_id = models.BigIntegerField("部门", null=True)
    department_name = models.CharField("部门名称", max_length=160, blank=True)
    purpose = models.CharField("目的", max_length=200, blank=True)
    channel = models.CharField("渠道", max_length=16)
    address = models.CharField("来源地址", max_length=45, blank=True)
    subject = models.CharField("对象", max_length=160, db_index=True)
    person_ref = models.CharField("涉及的人", max_length=80, blank=True)
    outcome = models.CharField("结果", max_length=12, default="DONE")
    detail = models.JSONField("详情", default=dict)

    class Meta:
        verbose_name = "审计事件"
        indexes = [
            models.Index(fields=["account_id", "-at"], name="audit_account_at"),
            models.Index(fields=["person_ref", "-id"], name="audit_person"),
            models.Index(fields=["act", "-at"], name="audit_act_at"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.act} {self.subject}"


class AuditJournal(models.Model):
    """How far a file of audited reads (审计流水) has been moved into the table of events."""

    name = models.CharField("文件", max_length=80, primary_key=True)
    offset = models.BigIntegerField("已归并至", default=0)

    class Meta:
        verbose_name = "审计流水"

    def __str__(self) -> str:
        return f"{self.name} {self.offset}"
