from django.db import models


class DecisionModel(models.Model):
    """A decision model by name (决策模型); what is asked are its versions."""

    key = models.CharField("标识", max_length=120, unique=True)
    title = models.JSONField("名称", default=dict)
    source = models.CharField("来源", max_length=200, blank=True)

    class Meta:
        verbose_name = "决策模型"

    def __str__(self) -> str:
        return self.key


class DecisionVersion(models.Model):
    """One version of a decision model (决策模型版本): never changed once stored."""

    decision_model = models.ForeignKey(
        DecisionModel, models.PROTECT, related_name="versions", verbose_name="决策模型"
    )
    number = models.PositiveIntegerField("版本号")
    digest = models.CharField("摘要", max_length=64)
    xml = models.TextField("DMN 文件")
    findings = models.JSONField("检查结果", default=list)
    created_at = models.DateTimeField("入库时间")

    class Meta:
        verbose_name = "决策模型版本"
        constraints = [
            models.UniqueConstraint(
                fields=["decision_model", "number"], name="decision_version_number"
            ),
            models.UniqueConstraint(
                fields=["decision_model", "digest"], name="decision_version_digest"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.decision_model_id} v{self.number}"
