"""Departments' systems and the tokens with which they call."""

from django.db import models

from yiwang.identity.access.scope import protected


class SystemAccount(models.Model):
    """A department's system that calls our API (系统账户). It is nobody's account: no password, no pages.

    networks: ["10.1.0.0/16", …] from which it may call, [] for anywhere; per_minute: calls of one token.
    """

    department = models.ForeignKey(
        "identity_organisations.Department",
        models.PROTECT,
        related_name="+",
        verbose_name="部门",
    )
    name = models.CharField("系统名称", max_length=80)
    purpose = models.CharField("用途", max_length=200)
    contact = protected(models.CharField("联系人", max_length=120, blank=True), level=2)
    networks = models.JSONField("允许的网络", default=list)
    per_minute = models.PositiveIntegerField("每分钟调用上限", default=600)
    is_active = models.BooleanField("启用", default=True)
    created_at = models.DateTimeField("创建时间")

    class Meta:
        verbose_name = "系统账户"
        constraints = [
            models.UniqueConstraint(fields=["department", "name"], name="system_account_name"),
        ]

    def __str__(self) -> str:
        return self.name


class ApiToken(models.Model):
    """A bearer token of a system (接口令牌): only its digest is kept, the prefix recognises it.

    routes: url names that it may call. minute, used: the calls of the running minute.
    """

    system = models.ForeignKey(
        SystemAccount, models.PROTECT, related_name="tokens", verbose_name="系统账户"
    )
    prefix = models.CharField("前缀", max_length=12, unique=True)
    digest = protected(models.CharField("摘要", max_length=64), level=4)
    routes = models.JSONField("可调用接口", default=list)
    issued_at = models.DateTimeField("签发时间")
    issued_by = models.CharField("签发人", max_length=80, blank=True)
    expires_at = models.DateTimeField("失效时间", db_index=True)
    revoked_at = models.DateTimeField("吊销时间", null=True)
    revoke_reason = models.CharField("吊销理由", max_length=200, blank=True)
    warned_at = models.DateTimeField("到期提醒时间", null=True)
    last_used_at = models.DateTimeField("最近使用", null=True)
    last_address = models.CharField("最近来源地址", max_length=45, blank=True)
    refused_at = models.DateTimeField("最近记录拒绝", null=True)
    minute = models.DateTimeField("计数分钟", null=True)
    used = models.PositiveIntegerField("该分钟调用次数", default=0)

    class Meta:
        verbose_name = "接口令牌"

    def __str__(self) -> str:
        return self.prefix
