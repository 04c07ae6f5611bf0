from importlib import import_module

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models

from yiwang.identity.access.scope import protected


class Account(AbstractBaseUser):
    """A way to sign in (账户) of one of three populations. A person is not an account.

    subject_ref: "person:<ref>" for a citizen, the agent's own person for an agent, "" for staff.
    """

    class Population(models.TextChoices):
        CITIZEN = "CITIZEN", "公民"
        AGENT = "AGENT", "企业经办人"
        STAFF = "STAFF", "公务人员"

    username = models.CharField("用户名", max_length=60, unique=True)
    population = models.CharField("人群", max_length=8, choices=Population.choices)
    name = protected(models.CharField("姓名", max_length=80), level=2)
    subject_ref = models.CharField("对应主体", max_length=80, blank=True, db_index=True)
    phone = protected(models.CharField("手机", max_length=20, blank=True, db_index=True), level=3)
    email = protected(models.CharField("邮箱", max_length=120, blank=True), level=3)
    language = models.CharField("界面语言", max_length=8, blank=True)
    # Sealed: see `second_factor`.
    totp_secret = protected(models.CharField("动态口令密钥", max_length=255, blank=True), level=4)
    totp_last_step = models.BigIntegerField("最近使用的动态口令时段", default=0)
    is_active = models.BooleanField("启用", default=True)
    is_made = models.BooleanField("演示数据", default=False)
    created_at = models.DateTimeField("创建时间")

    objects = BaseUserManager()

    USERNAME_FIELD = "username"

    class Meta:
        verbose_name = "账户"

    def __str__(self) -> str:
        return self.username


class PostHolding(models.Model):
    """Who holds which post from when to when (任职). Leaving ends it; the row stays."""

    account = models.ForeignKey(
        Account, models.PROTECT, related_name="holdings", verbose_name="账户"
    )
    post = models.ForeignKey(
        "identity_organisations.Post", models.PROTECT, related_name="holdings", verbose_name="岗位"
    )
    from_date = models.DateField("任职日期")
    to_date = models.DateField("离任日期", null=True)

    class Meta:
        verbose_name = "任职"
        constraints = [
            models.UniqueConstraint(fields=["account", "post", "from_date"], name="holding_once"),
            models.CheckConstraint(
                condition=models.Q(to_date__isnull=True)
                | models.Q(to_date__gte=models.F("from_date")),
                name="holding_dates_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.post_id}"


class AgentAuthority(models.Model):
    """What an agent may do for an enterprise (经办授权), from when to when."""

    account = models.ForeignKey(
        Account, models.PROTECT, related_name="authorities", verbose_name="账户"
    )
    enterprise_ref = models.CharField("企业", max_length=40)
    enterprise_name = models.CharField("企业名称", max_length=160)
    scope = models.CharField("授权范围", max_length=20, default="ALL")
    from_date = models.DateField("授权日期")
    to_date = models.DateField("到期日期", null=True)

    class Meta:
        verbose_name = "经办授权"
        constraints = [
            models.UniqueConstraint(
                fields=["account", "enterprise_ref", "from_date"], name="authority_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.enterprise_ref}"


class Delegation(models.Model):
    """What a citizen or an enterprise lets a citizen do in their name (委托代办), until a day, within one scope.

    matters: the codes that a bundle had when it was authorised; what is put into it later is not covered. It is offered with a code that the principal tells the deputy, and holds from the day it is accepted.
    Beside it stands `AgentAuthority`: an enterprise's agent acts for it by office, not by such a mandate.
    """

    class Scope(models.TextChoices):
        MATTER = "MATTER", "单个事项"
        THEME = "THEME", "主题"
        BUNDLE = "BUNDLE", "一件事"

    principal_ref = models.CharField("委托人", max_length=80, db_index=True)
    principal_name = protected(models.CharField("委托人姓名", max_length=80), level=3)
    deputy_name = protected(models.CharField("受托人姓名", max_length=80), level=3)
    deputy = models.ForeignKey(
        Account, models.PROTECT, null=True, related_name="delegations", verbose_name="受托账户"
    )
    scope = models.CharField("授权范围", max_length=6, choices=Scope.choices)
    scope_value = models.CharField("范围取值", max_length=64)
    scope_title = models.JSONField("范围名称")
    matters = models.JSONField("委托事项编码", null=True)
    code = models.CharField("口令码", max_length=12, unique=True)
    to_date = models.DateField("到期日期")
    offered_at = models.DateTimeField("委托时间")
    accepted_at = models.DateTimeField("接受时间", null=True)
    revoked_at = models.DateTimeField("终止时间", null=True)
    revoked_by_id = models.BigIntegerField("终止账户", null=True)

    class Meta:
        verbose_name = "委托代办"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(accepted_at__isnull=True) | models.Q(deputy__isnull=False),
                name="delegation_accepted_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.principal_ref} {self.scope} {self.scope_value}"


class DelegationUse(models.Model):
    """One act of a deputy in the principal's name (委托使用记录). Rows are only ever added."""

    delegation = models.ForeignKey(
        Delegation, models.PROTECT, related_name="uses", verbose_name="委托代办"
    )
    act = models.CharField("行为", max_length=10)
    subject = models.CharField("对象", max_length=80)
    title = models.JSONField("名称")
    channel = models.CharField("渠道", max_length=9, null=True)  # noqa: DJ001 - none before it was kept
    at = models.DateTimeField("时间")

    class Meta:
        verbose_name = "委托使用记录"
        indexes = [models.Index(fields=["delegation", "-id"], name="delegation_use_newest")]

    def __str__(self) -> str:
        return f"{self.delegation_id} {self.act}"


class AccountSession(AbstractBaseSession):
    """A session (会话) that its owner can see and end."""

    account = models.ForeignKey(
        Account, models.CASCADE, null=True, related_name="sessions", verbose_name="账户"
    )
    address = models.CharField("来源地址", max_length=45, blank=True)
    user_agent = models.CharField("设备", max_length=200, blank=True)
    created_at = models.DateTimeField("开始时间", null=True)
    last_seen_at = models.DateTimeField("最近活动", null=True)

    class Meta(AbstractBaseSession.Meta):
        verbose_name = "会话"

    @classmethod
    def get_session_store_class(cls):
        return import_module(settings.SESSION_ENGINE).SessionStore


class SignInAttempt(models.Model):
    """Wrong sign-ins of one name from one address or known device (登录失败计数). Whether it is locked is derived."""

    key = models.CharField("账户标识", max_length=80)
    address = models.CharField("来源地址", max_length=45)
    failures = models.PositiveIntegerField("失败次数", default=0)
    last_at = models.DateTimeField("最近一次")

    class Meta:
        verbose_name = "登录尝试"
        constraints = [
            models.UniqueConstraint(fields=["key", "address"], name="attempt_key_address"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.failures}"


class SignInLimit(models.Model):
    """How many wrong sign-ins one account, or one address, has had lately (登录限速), whoever tried from wherever.

    Each wrong one moves `drained_at` on, and time runs towards it: see `limits`.
    """

    key = models.CharField("限速对象", max_length=80, unique=True)
    drained_at = models.DateTimeField("清零时间", db_index=True)
    last_at = models.DateTimeField("最近一次")

    class Meta:
        verbose_name = "登录限速"

    def __str__(self) -> str:
        return self.key


class PendingForm(models.Model):
    """What somebody had typed when the session was over (待恢复表单), for half an hour.

    Found by the digest of a token that only that browser holds; `payload` is signed.
    """

    token_digest = models.CharField("令牌摘要", max_length=64, unique=True)
    path = models.CharField("页面", max_length=300)
    account_id = models.BigIntegerField("原会话账户", null=True)
    payload = protected(models.TextField("内容"), level=3)
    expires_at = models.DateTimeField("失效时间", db_index=True)

    class Meta:
        verbose_name = "待恢复表单"

    def __str__(self) -> str:
        return self.path
