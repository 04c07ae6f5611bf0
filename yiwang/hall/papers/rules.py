"""Rules of decision documents (决定文书): their titles, what each must say, and their sentences.

Sources: 行政许可法 art. 38 (a refusal gives its reasons and says how to appeal), art. 32 (a refusal to accept is in writing,
dated and sealed), art. 39.
"""

from yiwang.hall.papers.data import GRANTED, NOT_ACCEPTED, REFUSED, TERMINATED, DecisionPaper

TEMPLATE = "decision-1"
_ARTICLE = {
    GRANTED: "第三十八条第一款",
    REFUSED: "第三十八条第二款",
    NOT_ACCEPTED: "第三十二条",
}

PARTS = {
    "document_number": {"zh": "文书号", "en": "the number of the document"},
    "application_number": {"zh": "办件编号", "en": "the number of the application"},
    "matter": {"zh": "事项名称", "en": "the matter"},
    "applicant": {"zh": "申请人", "en": "the applicant"},
    "department": {"zh": "作出决定的机关", "en": "the deciding department"},
    "legal_basis": {"zh": "法律依据", "en": "the legal basis"},
    "reasons": {"zh": "理由", "en": "the reasons"},
    "remedy": {"zh": "救济途径", "en": "the remedy"},
}
"""What a document must say, as who misses it reads it (文书要素)."""


def paper_title(paper: DecisionPaper) -> str:
    """Return the title of a document (文书名称).

    >>> from datetime import date
    >>> paper_title(DecisionPaper("REFUSED", True, "", "", "", "", "", date.min, date.min, ()))
    '不予行政许可决定书'
    """
    subject = "行政许可" if paper.is_licensing else "办理"
    return {
        GRANTED: f"准予{subject}决定书",
        REFUSED: f"不予{subject}决定书",
        NOT_ACCEPTED: f"不予受理{'行政许可' if paper.is_licensing else ''}申请决定书",
        TERMINATED: "终止办理决定书",
    }[paper.outcome]


def paper_lacking(paper: DecisionPaper) -> list[str]:
    """Return the names of what a document must say and does not (缺项): it is not made while there is any.

    >>> from datetime import date
    >>> paper_lacking(DecisionPaper("REFUSED", True, "1", "2", "m", "a", "d", date.min, date.min, ("《法》",)))
    ['reasons', 'remedy']
    """
    needed = ["document_number", "application_number", "matter", "applicant", "department"]
    needed += ["legal_basis"]
    if paper.outcome != GRANTED:
        needed += ["reasons", "remedy"]
    lacking = [name for name in needed if not getattr(paper, name)]
    if "reasons" not in lacking and any(not text.strip() for _who, text in paper.reasons):
        lacking.append("reasons")
    return lacking


def paper_sentences(paper: DecisionPaper) -> list[str]:
    """Return the paragraphs of a document in order (文书正文)."""
    asked = f"你（单位）于{date_zh(paper.submitted_date)}提出的“{paper.matter}”申请（办件编号：{paper.application_number}）"
    article = _ARTICLE.get(paper.outcome, "")
    by_law = (
        f"根据《中华人民共和国行政许可法》{article}的规定，"
        if article and paper.is_licensing
        else ""
    )
    basis = f"依据{'；'.join(paper.legal_basis)}，"
    if paper.outcome == GRANTED:
        return [f"{asked}，经审查，符合法定条件、标准。{by_law}{basis}决定准予{_object(paper)}。"]
    if paper.outcome == NOT_ACCEPTED:
        return [f"{asked}，经审查，{by_law}{basis}决定不予受理。", *_reasons(paper)]
    if paper.outcome == TERMINATED:
        return [f"{asked}，{basis}决定终止办理。", *_reasons(paper)]
    return [f"{asked}，经审查，{by_law}{basis}决定不予{_object(paper)}。", *_reasons(paper)]


def date_zh(day) -> str:  # noqa: ANN001 - a date
    """Write a date as it stands on a document: 2026年11月21日."""
    return f"{day.year}年{day.month}月{day.day}日"


def _object(paper: DecisionPaper) -> str:
    return "行政许可" if paper.is_licensing else "办理"


def _reasons(paper: DecisionPaper) -> list[str]:
    if len(paper.reasons) == 1:
        return [f"理由：{paper.reasons[0][1]}"]
    return [f"理由（{who}）：{text}" for who, text in paper.reasons]
