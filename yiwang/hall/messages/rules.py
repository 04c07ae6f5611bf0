"""The templates (消息模板): what is said at each event of a case, in both languages."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

TEXT_MAX = 2000


@dataclass(frozen=True, slots=True)
class Template:
    """One template. kind: info, success, warning, danger; channels beside the space itself."""

    kind: str
    title: Mapping[str, str]
    body: Mapping[str, str]
    channels: tuple[str, ...] = ("EMAIL", "SMS")


# Every template takes number and title ({zh, en} of the matter or licence); the others as named.
TEMPLATES: dict[str, Template] = {
    "application_submitted": Template(
        "info",
        {"zh": "申请已提交：{title}", "en": "Application submitted: {title}"},
        {
            "zh": "您的“{title}”申请已提交，办件编号 {number}。受理结果会另行通知您，也可随时在市民空间查看进度。",
            "en": "Your application for {title} has been submitted under number {number}. You will be told whether it is accepted, and can follow it in your space at any time.",
        },
        channels=("EMAIL",),
    ),
    "application_accepted": Template(
        "info",
        {"zh": "申请已受理：{title}", "en": "Application accepted: {title}"},
        {
            "zh": "您的“{title}”申请（{number}）已受理，办理期限自今日起计算。",
            "en": "Your application for {title} ({number}) has been accepted for handling; its time limit starts today.",
        },
    ),
    "application_not_accepted": Template(
        "danger",
        {"zh": "申请不予受理：{title}", "en": "Application not accepted: {title}"},
        {
            "zh": "您的“{title}”申请（{number}）不予受理。理由、依据和救济途径见办件详情。",
            "en": "Your application for {title} ({number}) was not accepted. Open it to read the reason, the legal basis and what you can do.",
        },
    ),
    "correction_requested": Template(
        "warning",
        {"zh": "请补正材料：{title}", "en": "Correction needed: {title}"},
        {
            "zh": "{department}请您补正“{title}”申请（{number}）。请打开办件查看需要补正的内容，补正期间暂停计算办理期限。",
            "en": "{department} asks you to correct your application for {title} ({number}). Open it to see what is needed; the time limit is paused until you answer.",
        },
    ),
    "correction_answered": Template(
        "info",
        {"zh": "补正已收到：{title}", "en": "Correction received: {title}"},
        {
            "zh": "您对“{title}”申请（{number}）的补正已收到，办理期限继续计算。",
            "en": "Your correction for {title} ({number}) has been received; the time limit runs again.",
        },
        channels=("EMAIL",),
    ),
    "application_approved": Template(
        "success",
        {"zh": "申请已通过：{title}", "en": "Application approved: {title}"},
        {
            "zh": "您的“{title}”申请（{number}）已获批准。决定书和电子证照可在市民空间查看、下载。",
            "en": "Your application for {title} ({number}) has been approved. The decision and any electronic licence are in your space.",
        },
    ),
    "application_refused": Template(
        "danger",
        {"zh": "申请未获批准：{title}", "en": "Application refused: {title}"},
        {
            "zh": "您的“{title}”申请（{number}）未获批准。理由、法律依据以及申请行政复议或提起行政诉讼的途径和期限，见办件详情。",
            "en": "Your application for {title} ({number}) has been refused. Open it to read the reason, the legal basis, and how and by when you can have the decision reviewed.",
        },
    ),
    "application_withdrawn": Template(
        "info",
        {"zh": "申请已撤回：{title}", "en": "Application withdrawn: {title}"},
        {
            "zh": "您的“{title}”申请（{number}）已撤回，不再办理。需要时可重新申请。",
            "en": "Your application for {title} ({number}) has been withdrawn and will not be handled further. You may apply again at any time.",
        },
        channels=("EMAIL",),
    ),
    "application_extended": Template(
        "warning",
        {"zh": "办理期限延长：{title}", "en": "Time limit extended: {title}"},
        {
            "zh": "您的“{title}”申请（{number}）经批准延长办理期限 {amount} 个工作日。理由：{reason}",
            "en": "The time limit for your application for {title} ({number}) was extended by {amount} working days. Reason: {reason}",
        },
    ),
    "licence_issued": Template(
        "success",
        {"zh": "证照已签发：{title}", "en": "Licence issued: {title}"},
        {
            "zh": "您的《{title}》（编号 {number}）已签发，可在“我的证照”中查看、下载和出示。",
            "en": "Your {title} (number {number}) has been issued. See, download and present it under My licences.",
        },
    ),
    "licence_suspended": Template(
        "warning",
        {"zh": "证照已暂扣：{title}", "en": "Licence suspended: {title}"},
        {
            "zh": "您的《{title}》（编号 {number}）已被暂扣。理由：{reason}",
            "en": "Your {title} (number {number}) has been suspended. Reason: {reason}",
        },
    ),
    "licence_revoked": Template(
        "danger",
        {"zh": "证照已撤销：{title}", "en": "Licence revoked: {title}"},
        {
            "zh": "您的《{title}》（编号 {number}）已被撤销。理由：{reason}依据：{legal_basis}",
            "en": "Your {title} (number {number}) has been revoked. Reason: {reason} Legal basis: {legal_basis}",
        },
    ),
    "licence_changed": Template(
        "info",
        {"zh": "证照已变更：{title}", "en": "Licence changed: {title}"},
        {
            "zh": "您的《{title}》（编号 {number}）已变更，新版本可在“我的证照”中查看，旧版本不再有效。",
            "en": "Your {title} (number {number}) has been changed. The new version is under My licences; the old one is no longer valid.",
        },
    ),
    "licence_cancelled": Template(
        "warning",
        {"zh": "证照已注销：{title}", "en": "Licence cancelled: {title}"},
        {
            "zh": "您的《{title}》（编号 {number}）已注销。理由：{reason}",
            "en": "Your {title} (number {number}) has been cancelled. Reason: {reason}",
        },
    ),
    "licence_expiring": Template(
        "warning",
        {"zh": "证照即将到期：{title}", "en": "Licence expires soon: {title}"},
        {
            "zh": "您的《{title}》（编号 {number}）将在三十日内到期，需要延续的请尽早申请。",
            "en": "Your {title} (number {number}) expires within thirty days. Apply early if you want it extended.",
        },
    ),
    "bill_opened": Template(
        "warning",
        {"zh": "请缴费：{title}", "en": "Please pay: {title}"},
        {
            "zh": "“{title}”需缴纳 {amount} 元（缴费单 {number}）。缴清后发放办理结果。",
            "en": "{title} costs {amount} yuan (bill {number}). The result is handed out when it is paid.",
        },
    ),
    "bill_paid": Template(
        "success",
        {"zh": "缴费成功：{title}", "en": "Paid: {title}"},
        {
            "zh": "“{title}”的费用 {amount} 元已缴清（缴费单 {number}），票据可在“我的缴费”中查看。",
            "en": "The {amount} yuan for {title} (bill {number}) have arrived. The voucher is under My bills.",
        },
        channels=("EMAIL",),
    ),
    "bill_refunded": Template(
        "info",
        {"zh": "已退费：{title}", "en": "Refunded: {title}"},
        {
            "zh": "“{title}”（缴费单 {number}）的退款已原路退回，到账时间以支付渠道为准。",
            "en": "The refund for {title} (bill {number}) went back the way it was paid; the provider says when it arrives.",
        },
    ),
    "delivery_under_way": Template(
        "info",
        {"zh": "纸质证照已寄出：{title}", "en": "On its way: {title}"},
        {
            "zh": "“{title}”的纸质结果（递送单 {number}）已交寄，运单号 {tracking}，可在“我的递送”中查看进度。",
            "en": "The paper of {title} (delivery {number}) is on its way, tracking number {tracking}. Follow it under My deliveries.",
        },
    ),
    "delivery_placed": Template(
        "info",
        {"zh": "请领取：{title}", "en": "Ready to be picked up: {title}"},
        {
            "zh": "“{title}”的纸质结果（递送单 {number}）已备好，请在“我的递送”中查看领取地点和取件码。",
            "en": "The paper of {title} (delivery {number}) is ready. My deliveries shows where, and the pick-up code.",
        },
    ),
    "delivery_delivered": Template(
        "success",
        {"zh": "已送达：{title}", "en": "Delivered: {title}"},
        {
            "zh": "“{title}”的纸质结果已送达（递送单 {number}）。如非本人领取，请联系办理部门。",
            "en": "The paper of {title} was delivered (delivery {number}). If it was not you who took it, call the department.",
        },
        channels=("EMAIL",),
    ),
    "delivery_returned": Template(
        "warning",
        {"zh": "快件已退回：{title}", "en": "Came back: {title}"},
        {
            "zh": "“{title}”的纸质结果（递送单 {number}）未能送达，已退回部门。请打开办件重新选择领取方式。",
            "en": "The paper of {title} (delivery {number}) could not be delivered and came back. Open the application and choose again how to receive it.",
        },
    ),
    "rating_rectified": Template(
        "info",
        {"zh": "您反映的问题已整改：{title}", "en": "Put right: {title}"},
        {
            "zh": "您对“{title}”（{number}）提出的问题，部门已整改：{measures} 您可以再评价一次。",
            "en": "What you said about {title} ({number}) was put right: {measures} You can rate it once more.",
        },
    ),
}

# What is no event of an application: staff are told so.
STAFF_TEMPLATES: dict[str, Template] = {
    "data_digest": Template(
        "info",
        {"zh": "数据管理摘要：{n} 项", "en": "Data management: {n} things"},
        {"zh": "{lines}", "en": "{lines}"},
        channels=("EMAIL",),
    ),
    "supervision_issued": Template(
        "warning",
        {"zh": "电子监察提醒：{count} 件", "en": "Electronic supervision: {count}"},
        {
            "zh": "您有 {count} 件监察提示（红牌 {red}、黄牌 {yellow}、预警 {warnings}），其中最重的是“{title}”（{number}）。黄牌、红牌须在期限内答复，也可以申诉。",
            "en": "You have {count} notices of supervision (red {red}, yellow {yellow}, warnings {warnings}); the gravest concerns {title} ({number}). Yellow and red cards must be answered in time; you may appeal.",
        },
    ),
    "supervision_decided": Template(
        "info",
        {"zh": "监察决定：{number}", "en": "Decision on a supervision card: {number}"},
        {
            "zh": "监察牌 {number}（{title}）已作出决定：{reason}",
            "en": "The supervision card {number} ({title}) was decided: {reason}",
        },
        channels=("EMAIL",),
    ),
    "supervision_letter": Template(
        "warning",
        {"zh": "监察建议书：{title}", "en": "Supervision letter: {title}"},
        {
            "zh": "您所在部门（{title}）收到监察建议书（第 {number} 号），请在期限内报告整改情况。",
            "en": "Your department ({title}) has received supervision letter {number}. Please report in time what you have changed.",
        },
    ),
}

# Which template an event calls for; application.decided depends on its outcome.
TOPICS: dict[str, str] = {
    "application.submitted": "application_submitted",
    "application.accepted": "application_accepted",
    "application.correction_requested": "correction_requested",
    "application.correction_answered": "correction_answered",
    "application.withdrawn": "application_withdrawn",
    "application.extended": "application_extended",
    "licence.issued": "licence_issued",
    "licence.suspended": "licence_suspended",
    "licence.revoked": "licence_revoked",
    "licence.changed": "licence_changed",
    "licence.cancelled": "licence_cancelled",
    "licence.expiring": "licence_expiring",
    "payment.bill_opened": "bill_opened",
    "payment.paid": "bill_paid",
    "payment.refunded": "bill_refunded",
    "delivery.under_way": "delivery_under_way",
    "delivery.placed": "delivery_placed",
    "delivery.delivered": "delivery_delivered",
    "delivery.returned": "delivery_returned",
    "rating.rectified": "rating_rectified",
    "supervision.decided": "supervision_decided",
    "supervision.issued": "supervision_issued",
    "supervision.letter": "supervision_letter",
}
OUTCOMES: dict[str, str] = {
    "APPROVED": "application_approved",
    "REFUSED": "application_refused",
    "NOT_ACCEPTED": "application_not_accepted",
}
_MISSING = {
    "department": {"zh": "办理部门", "en": "The department in charge"},
    "reason": {"zh": "见详情。", "en": "see the details."},
    "legal_basis": {"zh": "见详情。", "en": "see the details."},
    "measures": {"zh": "见详情。", "en": "see the details."},
    "tracking": {"zh": "见详情", "en": "see the details"},
}


def template_named(name: str) -> Template | None:
    """Return a template (模板) by name, None for an unknown one."""
    return TEMPLATES.get(name) or STAFF_TEMPLATES.get(name)


def template_for(topic: str, payload: Mapping) -> str | None:
    """Return the template (模板) an event calls for, None for an event nobody is told about.

    >>> template_for("application.decided", {"outcome": "REFUSED"})
    'application_refused'
    """
    if topic == "application.decided":
        return OUTCOMES.get(payload.get("outcome", ""))
    return TOPICS.get(topic)


def text_make(pattern: Mapping[str, str], params: Mapping) -> dict[str, str]:
    """Fill in a {zh, en} pattern; a value may itself be {zh, en}. Unknown names read as empty.

    >>> text_make({"zh": "申请{title}", "en": "Apply for {title}"}, {"title": {"zh": "甲", "en": "A"}})
    {'zh': '申请甲', 'en': 'Apply for A'}
    """
    return {
        language: pattern[language].format_map(_in_language(params, language))[:TEXT_MAX]
        for language in ("zh", "en")
    }


def _in_language(params: Mapping, language: str) -> defaultdict[str, str]:
    values: defaultdict[str, str] = defaultdict(str)
    values.update({name: text[language] for name, text in _MISSING.items()})
    for name, value in params.items():
        text = value
        if isinstance(value, Mapping):
            text = value.get(language) or value.get("zh") or value.get("en")
        if text not in (None, ""):
            values[name] = str(text)
    return values
