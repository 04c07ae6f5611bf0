"""What people keep for other forms is theirs; what they type is counted, and no value is."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang.engines.api import ValueSource, draft_open, draft_post, draft_state, form_put
from yiwang.hall.reuse import actions, queries
from yiwang.hall.reuse.data import (
    BlockEmpty,
    BlockNotFound,
    BlocksFull,
    BlockWrong,
    OriginCounts,
    RowsFull,
)
from yiwang.hall.reuse.models import ApplicationOrigins, OriginCount, ReusableBlock
from yiwang.hall.reuse.origins import origins_of
from yiwang.hall.reuse.rules import counts_of, totals_of
from yiwang.identity.api import UnscopedQuery, data_scope
from yiwang.kernel.api import RequestContext, context_system, context_use, data_access_list
from yiwang.sdk.errors import SignInNeeded

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
NOVEMBER = date(2026, 11, 1)
CITIZEN = RequestContext(population="CITIZEN", account_id=7, name="甲", subject_ref="person:P1")
OTHER = replace(CITIZEN, account_id=8, name="乙", subject_ref="person:P2")
CLERK = RequestContext(population="STAFF", account_id=9, name="丙")
REGISTRY = {"zh": "人口库", "en": "Population registry"}


def text(zh: str, en: str) -> dict[str, str]:
    return {"zh": zh, "en": en}


SHOP = {
    "key": "shop",
    "title": text("开店", "Open a shop"),
    "schema": {
        "type": "object",
        "required": ["agree"],
        "properties": {
            "name": {"type": "string"},
            "seats": {"type": "integer"},
            "area": {"type": "number"},
            "kind": {"type": "string", "enum": ["MEAL", "OTHER"]},
            "kind_other": {"type": "string"},
            "code": {"type": "string"},
            "mobile": {"type": "string"},
            "agree": {"type": "boolean", "const": True},
        },
    },
    "ui": {
        "pages": [
            {
                "key": "place",
                "title": text("场所", "Place"),
                "fields": ["name", "seats", "area", "kind", "kind_other", "code"],
            },
            {"key": "kitchen", "title": text("联系", "Contact"), "fields": ["mobile", "agree"]},
        ],
        "fields": {
            "name": {"title": text("店名", "Name"), "prefill": "enterprise.name", "locked": True},
            "seats": {"title": text("座位数", "Seats")},
            "area": {"title": text("面积", "Area")},
            "kind": {
                "title": text("业态", "Kind"),
                "options": [
                    {"value": "MEAL", "zh": "正餐", "en": "Meals"},
                    {"value": "OTHER", "zh": "其他", "en": "Other"},
                ],
            },
            "kind_other": {"title": text("开户银行", "Bank"), "block": "bank.name"},
            "code": {"title": text("账号", "Account"), "block": "bank.account"},
            "mobile": {"title": text("手机", "Mobile phone"), "prefill": "person.phone"},
            "agree": {"title": text("承诺属实", "I state that this is true")},
        },
    },
}
BANK = {
    "key": "bank",
    "title": text("银行账户", "Bank account"),
    "block": "bank",
    "schema": {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string"},
            "account": {"type": "string", "pattern": "^[0-9]{16,19}$"},
        },
    },
    "ui": {
        "pages": [{"key": "main", "title": text("账户", "Account"), "fields": ["name", "account"]}],
        "fields": {
            "name": {"title": text("开户银行", "Bank")},
            "account": {"title": text("银行账号", "Account")},
        },
    },
}
ACCOUNT = "6222020000000001234"


@pytest.fixture
def bank():
    with context_use(context_system("test")):
        return form_put("test.bank", BANK, source="test", now=NOW)


@pytest.fixture
def shop_form(bank):
    with context_use(context_system("test")):
        return form_put("test.shop", SHOP, source="test", now=NOW)


@pytest.fixture
def citizen():
    with context_use(CITIZEN) as context:
        yield context


@pytest.fixture
def draft(shop_form, citizen):
    prefill = {
        "name": ValueSource("百味斋", REGISTRY, NOVEMBER),
        "mobile": ValueSource("13800000000", REGISTRY, NOVEMBER),
    }
    return draft_open(
        account_id=7,
        purpose_key="shop",
        form_version_id=shop_form.version_id,
        prefill=prefill,
        now=NOW,
    )


def kept(**values):
    return actions.block_put("bank", values={"name": "某行", **values}, label="工资卡", now=NOW)


def test_a_block_is_kept_as_the_persons_own_statement_of_the_day(bank, citizen):
    block = kept(account=ACCOUNT)
    assert (block.label, block.stated_at, block.revision) == ("工资卡", NOW, 1)
    changed = actions.block_put(
        "bank", values={"name": "另一行"}, label="", block_id=block.id, now=NOW
    )
    assert (changed.values, changed.label, changed.revision) == ({"name": "另一行"}, "银行账户", 2)
    assert [one.id for one in queries.block_list()] == [block.id]
    acts = [row.act for row in data_access_list("P1").rows]
    assert "hall.reuse.block_put" in acts


def test_what_does_not_hold_or_is_empty_is_not_kept(bank, citizen):
    with pytest.raises(BlockEmpty):
        actions.block_put("bank", values={}, now=NOW)
    with pytest.raises(BlockWrong):
        kept(account="12")
    with pytest.raises(BlockNotFound):
        actions.block_put("nothing", values={"name": "x"}, now=NOW)
    with data_scope(purpose="test", reason="test"):
        assert ReusableBlock.objects.count() == 0


def test_the_same_kept_twice_is_one_entry_and_twenty_are_enough(bank, citizen):
    assert kept(account=ACCOUNT).id == kept(account=ACCOUNT).id
    for number in range(19):
        kept(account=f"622202000000000{number:04}")
    with pytest.raises(BlocksFull):
        kept(account="6222020000000009999")
    assert len(queries.block_list()) == 20


def test_nobody_else_reads_changes_uses_or_deletes_a_block(draft):
    block = kept(account=ACCOUNT)
    with context_use(OTHER):
        assert queries.block_list() == []
        with pytest.raises(BlockNotFound):
            queries.block_get(block.id)
        with pytest.raises(BlockNotFound):
            actions.block_put("bank", values={"name": "x"}, block_id=block.id, now=NOW)
        with pytest.raises(BlockNotFound):
            actions.block_delete(block.id)
        with pytest.raises(BlockNotFound):
            actions.block_use(block.id, draft=draft, fields=["code"], now=NOW)
    with context_use(CLERK):
        assert queries.offer_list(draft, draft_state(draft).page("place")) == []
        with pytest.raises(SignInNeeded):
            queries.block_list()
    assert queries.block_get(block.id) == block


def test_blocks_are_personal_data_and_cannot_be_read_without_purpose(bank, citizen):
    kept()
    with pytest.raises(UnscopedQuery):
        ReusableBlock.objects.count()


def test_a_deleted_block_is_gone(bank, citizen):
    block = kept()
    actions.block_delete(block.id)
    assert queries.block_list() == []


def test_a_form_offers_what_was_kept_and_the_person_decides(draft):
    block = kept(account=ACCOUNT)
    (offer,) = queries.offer_list(draft, draft_state(draft).page("place"))
    assert (offer.key, [one.summary for one in offer.entries]) == ("bank", ["某行 · …1234"])
    assert queries.offer_list(draft, draft_state(draft).page("kitchen")) == []
    assert "code" not in draft_state(draft).values
    filled = actions.block_use(block.id, draft=draft, fields=["code", "kind_other"], now=NOW)
    assert filled.values["code"] == ACCOUNT
    source = filled.sources["code"]
    assert (source.kind, source.as_of, source.registry_field) == (
        "BLOCK",
        NOVEMBER.replace(day=22),
        f"block:{block.id}@1",
    )
    assert queries.block_get(block.id).used_count == 1


def test_opening_the_draft_again_leaves_what_the_person_chose(draft, shop_form):
    block = kept(account=ACCOUNT)
    actions.block_use(block.id, draft=draft, fields=["code"], now=NOW)
    registry = {"code": ValueSource("1", REGISTRY, NOVEMBER)}
    again = draft_open(
        account_id=7,
        purpose_key="shop",
        form_version_id=shop_form.version_id,
        prefill=registry,
        now=NOW,
    )
    assert (again.values["code"], again.sources["code"].kind) == (ACCOUNT, "BLOCK")


# --- fields not typed ----------------------------------------------------------------------------


def test_each_field_is_counted_by_where_its_value_came_from(draft):
    block = kept(account=ACCOUNT)
    typed = {"seats": "20", "kind": "MEAL", "mobile": "13911111111", "agree": "1", "area": ""}
    draft_post(draft.id, post=typed, page="", now=NOW)
    filled = actions.block_use(block.id, draft=draft, fields=["code"], now=NOW)
    origins = origins_of(draft_state(filled))
    assert origins == {
        "name": "REGISTRY",
        "seats": "TYPED",
        "kind": "TYPED",
        "mobile": "CHANGED",
        "code": "BLOCK",
    }
    assert totals_of(origins) == (2, 5)


def submitted(number: int, origins: dict, *, form, at: datetime = NOW, code: str = "320114001000"):
    actions.origins_keep(
        f"N{number}",
        matter_code=code,
        matter_version_id=len(code),
        form_version_id=form.version_id,
        origins=origins,
        now=at,
    )


def test_counting_again_and_again_counts_each_application_once(shop_form):
    for number in range(3):
        submitted(number, {"name": "REGISTRY", "seats": "TYPED"}, form=shop_form)
    assert actions.origins_fold(now=NOW) == 3
    assert actions.origins_fold(now=NOW) == 0
    submitted(9, {"name": "TYPED"}, form=shop_form, at=datetime(2026, 10, 31, 17, 0, tzinfo=UTC))
    assert actions.origins_fold(now=NOW) == 1
    counts = {
        (row.field, row.origin): row.count for row in OriginCount.objects.filter(month=NOVEMBER)
    }
    assert counts == {
        ("", "ALL"): 4,
        ("name", "REGISTRY"): 3,
        ("name", "TYPED"): 1,
        ("seats", "TYPED"): 3,
    }
    assert not ApplicationOrigins.objects.filter(counted_at=None).exists()


def test_the_ranking_names_what_is_typed_although_a_department_has_it(shop_form):
    for number in range(4):
        submitted(number, {"name": "REGISTRY", "mobile": "TYPED", "seats": "TYPED"}, form=shop_form)
    submitted(5, {"name": "REGISTRY"}, form=shop_form, code="2")
    actions.origins_fold(now=NOW)
    rows = queries.matter_reuse_list(since=NOVEMBER, until=NOVEMBER)
    assert [(row.code, row.applications, row.avoidable, row.origins.share) for row in rows] == [
        ("320114001000", 4, 4, 4 / 12),
        ("2", 1, 0, 1.0),
    ]
    fields = queries.field_reuse_list("320114001000", since=NOVEMBER, until=NOVEMBER)
    assert [(row.field, bool(row.held), row.is_declared) for row in fields] == [
        ("mobile", True, True),
        ("seats", False, False),
        ("name", True, True),
    ]
    months = queries.month_reuse_list(since=NOVEMBER, until=NOVEMBER)
    assert [(one.month, one.applications, one.origins.reused) for one in months] == [
        (NOVEMBER, 5, 5)
    ]
    assert queries.total_reuse(rows).total == 13


ORIGIN = st.sampled_from(["REGISTRY", "LICENCE", "EARLIER", "BLOCK", "CHANGED", "TYPED"])
ANSWERS = st.dictionaries(st.sampled_from(["a", "b", "c"]), ORIGIN)


@given(st.lists(st.tuples(st.sampled_from([("x",), ("y",)]), ANSWERS), max_size=20))
def test_the_counts_of_parts_add_up_to_the_count_of_the_whole(rows):
    half = len(rows) // 2
    assert counts_of(rows) == counts_of(rows[:half]) + counts_of(rows[half:])
    whole = Counter()
    for (*_key, field, origin), count in counts_of(rows).items():
        whole[origin] += count if field else 0
    answered = sum(len(origins) for _key, origins in rows)
    assert OriginCounts(whole).total == answered


# --- pages ---------------------------------------------------------------------------------------


def test_the_pages_keep_use_and_delete_a_block(client, shop_form, django_user_model):
    from yiwang.identity.api import account_create

    with context_use(context_system("test")):
        account = account_create(
            "someone",
            population="CITIZEN",
            name="甲",
            password="粉墙黛瓦 枕河人家 1986",
            subject_ref="person:P1",
            now=NOW,
        )
    client.force_login(django_user_model.objects.get(pk=account))
    mine = replace(CITIZEN, account_id=account)
    with context_use(mine):
        draft = draft_open(
            account_id=account,
            purpose_key="shop",
            form_version_id=shop_form.version_id,
            prefill={},
            now=NOW,
        )
    assert "银行账户" in client.get("/hall/reuse/blocks/").content.decode()
    at = "/hall/reuse/blocks/new/bank/"
    sent = {
        "_fields": "name account",
        "label": "工资卡",
        "name": "某行",
        "account": "12",
        "do": "save",
    }
    assert client.post(at, sent).status_code == 422
    assert client.post(at, {**sent, "account": ACCOUNT}).url == "/hall/reuse/blocks/"
    with context_use(mine):
        (block,) = queries.block_list()
    assert "工资卡" in client.get(f"/hall/reuse/blocks/{block.id}/").content.decode()
    fill = f"/hall/reuse/drafts/{draft.id}/place/"
    page = {"_fields": "seats kind code", "seats": "12", "kind": "MEAL", "code": ""}
    answer = client.post(fill, {**page, "_block": block.id})
    assert answer.url == f"/hall/applications/drafts/{draft.id}/pages/place/"
    with context_use(mine):
        values = draft_open(
            account_id=account,
            purpose_key="shop",
            form_version_id=shop_form.version_id,
            prefill={},
            now=NOW,
        ).values
    assert (values["seats"], values["code"]) == (12, ACCOUNT)
    client.post(fill, {**page, "code": "6222020000000005678", "_keep": "bank"})
    with context_use(mine):
        assert sorted(one.values.get("account") for one in queries.block_list()) == [
            ACCOUNT,
            "6222020000000005678",
        ]
    assert client.post(f"/hall/reuse/blocks/{block.id}/", {"do": "delete"}).status_code == 302
    assert client.get(f"/hall/reuse/blocks/{block.id}/").status_code == 404


# --- rows from blocks ----------------------------------------------------------------------------


FAMILY = {
    "key": "family",
    "title": text("家庭成员", "Family"),
    "block": "family",
    "schema": {
        "type": "object",
        "properties": {
            "members": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"name": {"type": "string"}, "number": {"type": "string"}},
                },
            }
        },
    },
    "ui": {
        "pages": [{"key": "main", "title": text("家庭成员", "Family"), "fields": ["members"]}],
        "fields": {
            "members": {
                "title": text("家庭成员", "Member"),
                "fields": {
                    "name": {"title": text("姓名", "Name")},
                    "number": {"title": text("号码", "Number")},
                },
            }
        },
    },
}
GUESTS = {
    "key": "guests",
    "title": text("同住人", "Guests"),
    "schema": {
        "type": "object",
        "properties": {
            "guests": {
                "type": "array",
                "maxItems": 2,
                "items": {
                    "type": "object",
                    "properties": {"who": {"type": "string"}, "stays": {"type": "string"}},
                },
            }
        },
    },
    "ui": {
        "pages": [{"key": "main", "title": text("同住人", "Guests"), "fields": ["guests"]}],
        "fields": {
            "guests": {
                "title": text("同住人", "Guest"),
                "fields": {
                    "who": {"title": text("姓名", "Name"), "block": "family.members.name"},
                    "stays": {"title": text("居住时间", "Stays")},
                },
            }
        },
    },
}


@pytest.fixture
def guests():
    with context_use(context_system("test")):
        form_put("test.block_family", FAMILY, source="test", now=NOW)
        form = form_put("test.guests", GUESTS, source="test", now=NOW)
    with context_use(CITIZEN):
        members = [{"name": "乙", "number": "1"}, {"name": "丙"}, {"name": "丁"}]
        block = actions.block_put("family", values={"members": members}, label="家人", now=NOW)
        draft = draft_open(
            account_id=7, purpose_key="g", form_version_id=form.version_id, prefill={}, now=NOW
        )
        yield draft, block.id


def use(draft, block_id: int, place: int):
    return actions.block_row_use(block_id, draft=draft, group="guests", place=place, now=NOW)


def test_a_saved_member_fills_a_row_and_the_group_says_that_nobody_typed_it(guests):
    draft, block_id = guests
    page = draft_state(draft).pages[0]
    (offer,) = queries.offer_list(draft, page)
    assert [(one.label, one.mark) for one in offer.entries] == [
        ("乙", f"guests:{block_id}.0"),
        ("丙", f"guests:{block_id}.1"),
        ("丁", f"guests:{block_id}.2"),
    ]
    one = use(draft, block_id, 0)
    assert one.values == {"guests": [{"who": "乙"}]}
    assert use(one, block_id, 0).values == one.values
    two = use(one, block_id, 2)
    assert two.values == {"guests": [{"who": "乙"}, {"who": "丁"}]}
    assert origins_of(draft_state(two)) == {"guests": "BLOCK"}
    with pytest.raises(RowsFull):
        use(two, block_id, 1)
    assert queries.block_get(block_id).used_count == 3


def test_a_row_from_a_block_keeps_what_was_typed_before_and_takes_the_empty_row(guests):
    draft, block_id = guests
    post = {"_fields": "guests", "guests.0._row": "1", "guests.0.who": "戊", "guests.1._row": "1"}
    typed = draft_post(draft.id, post=post, page="main", now=NOW)
    filled = use(typed, block_id, 1)
    assert filled.values == {"guests": [{"who": "戊"}, {"who": "丙"}]}
    assert origins_of(draft_state(filled)) == {"guests": "TYPED"}
    with context_use(OTHER), pytest.raises(BlockNotFound):
        use(draft, block_id, 0)
    with pytest.raises(BlockNotFound):
        use(filled, block_id, 9)
