"""Made life for the hall of the demonstration city (演示数据): so that no page of it is empty for a newcomer.

Everything goes through the same acts as real life, by the demonstration's own people and its civil servants,
some days ago; nothing is written past them.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from yiwang.engines.api import attachment_put, work_item_get, work_item_list
from yiwang.hall.applications.actions.applicant import application_rate
from yiwang.hall.applications.actions.work import work_conclude
from yiwang.hall.bundles.actions.drafts import bundle_document_attach, bundle_draft_begin
from yiwang.hall.bundles.actions.submission import bundle_submit
from yiwang.hall.bundles.filing import matter_file
from yiwang.hall.bundles.queries.bundles import bundle_get
from yiwang.hall.bundles.queries.drafts import bundle_draft_get, bundle_sheet
from yiwang.hall.consultations.panels import expert_add, panel_put
from yiwang.hall.disclosure.actions import records_publish
from yiwang.hall.disclosure.intake import records_take
from yiwang.hall.lists.actions import (
    adjustment_edit,
    adjustment_prepare,
    adjustment_publish,
    adjustment_submit,
    detail_put,
)
from yiwang.hall.lists.data import DetailView
from yiwang.hall.lists.fees import SHIPPED, fee_rows_read, fees_load
from yiwang.hall.matters.queries import matter_get
from yiwang.hall.projects.actions.registration import project_register
from yiwang.hall.ratings.data import INDICATORS, ONLINE
from yiwang.identity.api import (
    account_find,
    account_list_by_department,
    context_of_account,
    department_find,
)
from yiwang.kernel.api import RequestContext, context_system, context_use
from yiwang.sdk.identifiers import uscc_make
from yiwang.sdk.packs import pack_read

PURPOSE = "演示数据"
DISTRICT = "320508"
POSITIVE = ("ACCEPT", "AGREE", "APPROVE")
STEPS_MAX = 8
DAY = timedelta(days=1)
PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n"
)
# Who asked for what, how many days ago, whether it is finished, and what they thought of it.
CASES = (
    ("elder", "civil_affairs", "elder_card", 24, True, ("VERY_SATISFIED", "一天就办好了。")),
    ("elder", "legal_services", "legal_aid", 3, False, None),
    ("citizen", "police_records", "no_criminal_record", 16, True, ("SATISFIED", "")),
    ("agent", "health_services", "public_place_hygiene", 30, True, ("FAIRLY_SATISFIED", "材料清单还可以再简单些。")),
)  # fmt: skip

PANEL = "building_design"
EXPERTS = (
    ("approval_reviewer", "建筑设计"),
    ("market_approver", "消防与安全疏散"),
    ("urban_approver", "市政与景观"),
    ("fire_approver", "建筑消防"),
    ("approver", "无障碍设计"),
)
"""Who sits on the panel of building design: demonstration accounts, so that its review can be tried."""


def hall_demo_load(now: datetime) -> Iterator[str]:
    """Let the demonstration's people live in the hall for some days (生成演示办件), one step after the other."""
    yield from _lists(now)
    yield from _disclosure(now)
    yield from _cases(now)
    yield from _projects(now)
    yield from _panel(now)
    yield from _bundle(now)


@contextmanager
def acting(username: str) -> Iterator[RequestContext]:
    """Act as one of the demonstration's accounts (以演示账户操作)."""
    account = account_find(username)
    with context_use(replace(context_of_account(account.id), purpose=PURPOSE)) as context:
        yield context


def officer_of(department_id: int, role: str, *, now: datetime) -> RequestContext:
    """Return the context of a civil servant of a department, as posts are today (部门经办人)."""
    people = account_list_by_department(department_id, role=role, on=timezone.localdate(now))
    return replace(context_of_account(people[0].id), purpose=PURPOSE)


# --- lists and disclosure ------------------------------------------------------------------------


def _lists(now: datetime) -> Iterator[str]:
    """Publish the lists of powers, and adjust them once (权责清单)."""
    first, second = now - 40 * DAY, now - 5 * DAY
    with acting("data_steward"):
        fees_load(fee_rows_read(SHIPPED.read_bytes()), source="fees.csv", now=now)
    _adjust("依事项目录首次编制本级权责清单。", at=first)
    yield "lists"
    code = pack_code("civil_affairs", "elder_allowance")
    said = DetailView(
        office="养老服务科",
        responsibilities="受理：一次性告知需要补正的内容；审查：核对年龄、户籍与是否已领取同类津贴；决定：二十日内作出并说明理由。",
        accountability="对符合条件的申请不予受理、超期办理或者索取财物的。",
        accountability_basis="《中华人民共和国行政许可法》第七十二条至第七十四条",
    )
    with acting("head"):
        detail_put(code, said, now=second)
    _adjust("补充承办机构、责任事项和追责情形。", at=second)
    yield "adjustment"


def _adjust(reason: str, *, at: datetime) -> None:
    with acting("data_steward"):
        made = adjustment_prepare(now=at)
        ground = "《关于推行地方各级政府工作部门权力清单制度的指导意见》"
        day = timezone.localdate(at)
        adjustment_edit(made.id, reason=reason, legal_ground=ground, effective_date=day)
        adjustment_submit(made.id)
    with acting("supervisor"):
        adjustment_publish(made.id, now=at)


def _disclosure(now: datetime) -> Iterator[str]:
    """Publish some licences and penalties of the district's departments (双公示)."""
    for function, kind, rows in _records(timezone.localdate(now)):
        department = department_find(function, area_code=DISTRICT, level="DISTRICT")
        organ = {"XK": "XK_XKJG", "CF": "CF_CFJG"}[kind]
        source = {"XK": ("XK_LYDW", "XK_LYDWDM"), "CF": ("CF_SJLY", "CF_SJLYDM")}[kind]
        of_organ = {organ: department.name, f"{organ}DM": department.uscc}
        of_organ |= dict(zip(source, (department.name, department.uscc), strict=True))
        with context_use(officer_of(department.id, "DEPARTMENT_HEAD", now=now)):
            records_take(
                kind,
                [{**row, **of_organ} for row in rows],
                department_id=department.id,
                source=PURPOSE,
                now=now,
            )
            records_publish(kind=kind, now=now)
        yield kind


def _records(today) -> Iterator[tuple[str, str, list[dict[str, str]]]]:
    """Yield made decisions by department: licences, and penalties with a fine or a warning."""
    day = [(today - n * DAY).isoformat() for n in (2, 3, 4, 6)]
    until = (today + 1825 * DAY).isoformat()
    licences = [
        {
            "XK_XDR_MC": name, "XK_XDR_TYPE": "LEGAL", "A000002": uscc, "XK_FDDB": head,
            "XK_XKWS": "准予行政许可决定书", "XK_WSH": f"苏姑行审许〔{today.year}〕{number}号", "XK_XKLB": "普通",
            "XK_XKZS": licence, "XK_NR": content, "XK_JDRQ": decided, "XK_YXQZ": decided,
            "XK_YXQZI": until, "XK_ZT": "1",
        }
        for number, (name, uscc, head, licence, content, decided) in enumerate(
            (
                ("样例苏州平江餐饮有限公司", uscc_make("9", "1", DISTRICT, "MADEM001"), "张样例", "食品经营许可证", "餐饮服务；热食类食品制售", day[0]),
                ("样例苏州观前文化有限公司", uscc_make("9", "1", DISTRICT, "MADEM002"), "李样例", "娱乐经营许可证", "歌舞娱乐场所经营", day[2]),
            ),
            start=101,
        )
    ]  # fmt: skip
    penalties = [
        {
            "CF_XDR_MC": name, "CF_XDR_TYPE": "LEGAL", "A000002": uscc, "CF_FDDB": head,
            "CF_WSH": f"苏姑市监处罚〔{today.year}〕{number}号", "CF_WFXW": kind, "CF_SY": facts, "CF_YJ": ground,
            "CF_CFLB": classes, "CF_NR": content, "CF_NR_FK": fine, "CF_JDRQ": decided,
        }
        for number, (name, uscc, head, kind, facts, ground, classes, content, fine, decided) in enumerate(
            (
                ("样例苏州山塘食品有限公司", uscc_make("9", "1", DISTRICT, "MADEM003"), "王样例", "经营超过保质期的食品", "经检查，货架上有超过保质期的糕点12盒。",
                 "《中华人民共和国食品安全法》第一百二十四条", "罚款", "罚款人民币五千元。", "0.5", day[1]),
                ("样例苏州干将贸易有限公司", uscc_make("9", "1", DISTRICT, "MADEM004"), "赵样例", "未按规定明码标价", "经检查，三种商品没有标明价格。",
                 "《中华人民共和国价格法》第四十二条", "警告", "责令改正，给予警告。", "", day[3]),
            ),
            start=201,
        )
    ]  # fmt: skip
    yield "administrative_approval", "XK", licences
    yield "market_supervision", "CF", penalties


# --- applications --------------------------------------------------------------------------------


def _cases(now: datetime) -> Iterator[str]:
    """Ask for some things, have them decided, and rate them (办件与好差评)."""
    for number, (username, pack, name, days, is_finished, said) in enumerate(CASES):
        at = now - days * DAY
        with acting(username) as context:
            code = pack_code(pack, name)
            filed = matter_file(
                code,
                values=sample_of(pack, name),
                attachments=_attachments(code, context.account_id, now=at),
                slot=f"demo:{number}",
                now=at,
            )
        moment = officers_conclude(filed.number, at=at, is_finished=is_finished, now=now)
        if is_finished and said:
            with context_use(context):
                marks = dict.fromkeys(INDICATORS[ONLINE], said[0])
                application_rate(
                    filed.number, level=said[0], indicators=marks, text=said[1], now=moment + DAY
                )
        yield name


def _attachments(code: str, account_id: int, *, now: datetime) -> dict[str, int]:
    """Hand in an empty document for each that the matter always needs (示例材料)."""
    return {
        one.key: attachment_put(
            account_id=account_id,
            file=SimpleUploadedFile("a.pdf", PDF, content_type="application/pdf"),
            accept=list(one.accept),
            max_bytes=one.max_mb * 1024 * 1024,
            now=now,
        ).id
        for one in matter_get(code).materials
        if one.source == "upload" and one.required and "application/pdf" in one.accept
    }


def officers_conclude(number: str, *, at: datetime, is_finished: bool, now: datetime) -> datetime:
    """Let the departments' own officers work through a case (办理演示办件); returns when they did last."""
    moment = at
    for _step in range(STEPS_MAX if is_finished else 1):
        with context_use(context_system(PURPOSE)):
            items = work_item_list(business_key=f"application:{number}")
        if not items:
            break
        for item in items:
            moment += timedelta(hours=2)
            officer = officer_of(item.department_id, item.role, now=now)
            with context_use(officer):
                offered = work_item_get(item.id).outcomes
                outcome = next(one for one in POSITIVE if one in offered)
                work_conclude(item.id, outcome=outcome, opinion="符合条件，同意。", now=moment)
    return moment


def pack_code(pack: str, name: str) -> str:
    """Return the code of a matter of a pack (事项编码)."""
    files = pack_read(Path(settings.PACK_DIRS[0]) / pack).section("matters")
    return next(file for file in files if file.name == name).data["code"]


def sample_of(pack: str, name: str) -> Mapping[str, object]:
    """Return the made answers that a pack ships for a matter (示例填报)."""
    read = pack_read(Path(settings.PACK_DIRS[0]) / pack)
    form = next(file for file in read.section("matters") if file.name == name).data["form"]
    found = next(file for file in read.section("sample") if file.name == form)
    return found.data["rows"][0]["values"]


# --- projects and a bundle -----------------------------------------------------------------------


def _projects(now: datetime) -> Iterator[str]:
    """Register two investment projects (投资项目)."""
    today = timezone.localdate(now)
    for name, use, funding, investment, building in (
        ("城东装备产业园一期（演示）", "INDUSTRIAL", "ENTERPRISE", "12000", "36000"),
        ("平江社区服务中心改造（演示）", "PUBLIC", "GOVERNMENT", "3800", "5200"),
    ):
        values = {
            "name": name, "use": use, "area_code": DISTRICT, "address": "苏州市姑苏区城东路1号",
            "investment_wan": investment, "land_m2": "20000", "building_m2": building,
            "funding": funding, "catalogue": "NONE",
            "start_planned": (today + 200 * DAY).isoformat(),
            "finish_planned": (today + 500 * DAY).isoformat(),
        }  # fmt: skip
        with acting("agent") as context:
            project_register(values, investor_name=context.name, now=now, is_made=True)
        yield name


def _panel(now: datetime) -> Iterator[str]:
    """Set up the panel that reviews designs (专家组), of accounts that visitors can sign in with."""
    housing = department_find("housing", area_code=settings.CITY["area_code"], level="CITY")
    with context_use(officer_of(housing.id, "DEPARTMENT_HEAD", now=now)):
        made = panel_put(PANEL, title_zh="建筑设计专家组", title_en="Building design")
        for username, field in EXPERTS:
            expert_add(made.id, username=username, field=field)
    yield PANEL


def _bundle(now: datetime) -> Iterator[str]:
    """Have a bundle under way (一件事): who has just moved to the city."""
    key, at = "one_thing.new_resident", now - 2 * DAY
    forms = {
        "permit": sample_of("residence", "residence_permit"),
        "insurance": sample_of("human_resources", "flexible_insurance"),
        "subsidy": sample_of("human_resources", "training_subsidy"),
    }
    values = {"needs_insurance": "YES", "teaches": "NO", "trained": "YES"}
    for name, sources in bundle_get(key).fields.items():
        for part, own in sources:
            if own in forms.get(part, {}):
                values.setdefault(name, forms[part][own])
    with acting("citizen"):
        draft_id = bundle_draft_begin(key, values=values, now=at)
        for one in bundle_sheet(bundle_draft_get(draft_id), now=at).documents:
            if not one.is_satisfied:
                file = SimpleUploadedFile("a.pdf", PDF, content_type="application/pdf")
                bundle_document_attach(draft_id, one.key, file=file, now=at)
        bundle_submit(draft_id, now=at)
    yield key
