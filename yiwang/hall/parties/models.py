"""Several parties on one application (多方申请): who takes part, what each entered, what each confirmed."""

from django.db import models
from django.db.models import Q

from yiwang.identity.api import PersonalDataManager, protected


class PartyCase(models.Model):
    """An application with several parties (多方申请), from the draft to its outcome.

    around: once submitted, by part: what of the other pages decides on what the part shows.
    """

    class State(models.TextChoices):
        DRAFT = "DRAFT", "填报中"
        SUBMITTED = "SUBMITTED", "待受理"
        HANDLING = "HANDLING", "办理中"
        APPROVED = "APPROVED", "准予办理"
        REFUSED = "REFUSED", "不予办理"
        NOT_ACCEPTED = "NOT_ACCEPTED", "不予受理"
        WITHDRAWN = "WITHDRAWN", "已撤回"
        TERMINATED = "TERMINATED", "已终止办理"

    draft_id = models.BigIntegerField("草稿", null=True, unique=True)
    number = models.CharField("办件编号", max_length=50, blank=True)
    matter_version_id = models.BigIntegerField("事项版本")
    form_version_id = models.BigIntegerField("表单版本")
    title = models.JSONField("事项名称")
    applicant_ref = models.CharField("申请人", max_length=80)
    applicant_name = protected(models.CharField("申请人名称", max_length=160), level=3)
    state = models.CharField("状态", max_length=12, choices=State.choices, default=State.DRAFT)
    document_number = models.CharField("决定文书号", max_length=80, blank=True)
    around = protected(models.JSONField("条件所用内容", null=True), level=4)

    objects = PersonalDataManager()

    class Meta:
        verbose_name = "多方申请"
        constraints = [
            models.UniqueConstraint(
                fields=["number"], condition=~Q(number=""), name="party_case_number_once"
            ),
            models.CheckConstraint(
                condition=Q(state="DRAFT", draft_id__isnull=False)
                | ~Q(state="DRAFT") & ~Q(number=""),
                name="party_case_numbered_once_submitted",
            ),
        ]

    def __str__(self) -> str:
        return self.number or f"draft {self.draft_id}"


class PartyPart(models.Model):
    """One party's part (当事人部分): invited with a code, joined as themselves, filled in, confirmed.

    digest: what they confirmed, the applicant's entries and their own; values: kept when it was confirmed at
    a window, and at submission. by_number: invited by the number of their document too; then only meant_ref
    may take part, and "" when the registry did not confirm it, which the applicant is not told. visit_id: the
    visit at a window at which a clerk types the part; confirmed_by: the clerk who read it back, "" for oneself.
    link_id, confirmed_link_id: the link to a phone by which the party types, and confirmed. signed_name,
    signed_as: who confirmed for an enterprise by such a link, and as what. declined_at: they
    take no part, or no longer; nothing of what they entered is kept then.
    """

    case = models.ForeignKey(
        PartyCase, models.CASCADE, related_name="parts", verbose_name="多方申请"
    )
    key = models.CharField("当事人标识", max_length=40)
    title = models.JSONField("当事人称谓")
    kind = models.CharField("主体类型", max_length=10)
    name = protected(models.CharField("当事人名称", max_length=160), level=3)
    code = models.CharField("口令码", max_length=12, unique=True)
    ref = protected(models.CharField("当事人", max_length=80, blank=True), level=3)
    account_id = models.BigIntegerField("账户", null=True)
    draft_id = models.BigIntegerField("草稿", null=True)
    invited_at = models.DateTimeField("邀请时间")
    joined_at = models.DateTimeField("加入时间", null=True)
    values = protected(models.JSONField("填报内容", default=dict), level=4)
    digest = models.CharField("确认内容摘要", max_length=64, blank=True)
    confirmed_at = models.DateTimeField("确认时间", null=True)
    by_number = models.BooleanField("凭证件号码邀请", default=False)
    meant_ref = protected(models.CharField("受邀人", max_length=80, blank=True), level=3)
    visit_id = models.BigIntegerField("来访", null=True)
    confirmed_by = models.CharField("窗口人员姓名", max_length=80, blank=True)
    link_id = models.BigIntegerField("短信链接", null=True)
    confirmed_link_id = models.BigIntegerField("确认所用链接", null=True)
    declined_at = models.DateTimeField("退出时间", null=True)
    signed_name = protected(models.CharField("企业确认人", max_length=80, null=True), level=3)
    signed_as = models.CharField("确认人身份", max_length=14, null=True)

    objects = PersonalDataManager()

    class Meta:
        verbose_name = "当事人部分"
        constraints = [
            models.UniqueConstraint(
                fields=["case", "ref"], condition=~Q(ref=""), name="party_once_in_a_case"
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at__isnull=True) | ~Q(digest="") & ~Q(ref=""),
                name="party_confirmed_as_somebody",
            ),
        ]
        indexes = [
            models.Index(fields=["ref", "-id"], condition=~Q(ref=""), name="party_part_of"),
            models.Index(
                fields=["meant_ref", "-id"],
                condition=Q(ref="") & ~Q(meant_ref=""),
                name="party_meant",
            ),
            models.Index(
                fields=["visit_id"], condition=Q(draft_id__isnull=False), name="party_at_window"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.key}"


class PartyLink(models.Model):
    """A link to a party's phone (当事人短信链接), for one part: who they are is asked when it is opened.

    digest: of the link's word, which only the text message has. code_digest: of the last one-time code, "" once it
    was tried; failures: wrong tries. ref: as whom the registry confirmed who entered; entry_digest: of what their
    browser keeps, until entry_until. by_ref, by_name, capacity, delegation_id: the natural person who entered for an
    enterprise, and what lets them.
    """

    part = models.ForeignKey(
        PartyPart, models.CASCADE, related_name="links", verbose_name="当事人部分"
    )
    phone = protected(models.CharField("手机号码", max_length=11), level=3)
    digest = models.CharField("链接摘要", max_length=64, unique=True)
    sent_at = models.DateTimeField("发送时间")
    expires_at = models.DateTimeField("失效时间")
    ended_at = models.DateTimeField("结束时间", null=True)
    code_digest = models.CharField("验证码摘要", max_length=64, blank=True)
    code_at = models.DateTimeField("验证码发送时间", null=True)
    codes_sent = models.PositiveSmallIntegerField("验证码发送次数", default=0)
    failures = models.PositiveSmallIntegerField("错误次数", default=0)
    ref = protected(models.CharField("核验通过的当事人", max_length=80, blank=True), level=3)
    entered_at = models.DateTimeField("最近进入时间", null=True)
    entry_digest = models.CharField("进入凭据摘要", max_length=64, blank=True)
    entry_until = models.DateTimeField("进入有效期", null=True)
    by_ref = protected(models.CharField("企业办理人", max_length=80, null=True), level=3)
    by_name = protected(models.CharField("企业办理人姓名", max_length=80, null=True), level=3)
    capacity = models.CharField("办理身份", max_length=14, null=True)
    delegation_id = models.BigIntegerField("所用委托", null=True)

    objects = PersonalDataManager()

    class Meta:
        verbose_name = "当事人短信链接"
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=models.F("sent_at")), name="party_link_expires_later"
            ),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"], condition=Q(ended_at__isnull=True), name="party_link_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.part_id} {self.sent_at:%Y-%m-%d}"
