"""The rules of a resource: written on a page, tried on the last batch, kept in the draft, asked once published."""

import pytest

from yiwang.kernel.api import context_system, context_use
from yiwang.resources.catalogue import actions as catalogue
from yiwang.resources.catalogue.queries import resource_by_id
from yiwang.resources.catalogue.tests.test_pages import page, post, world
from yiwang.resources.landing.models import Batch
from yiwang.resources.landing.tests.conftest import HEAD, NOW, ROWS
from yiwang.resources.landing.tests.test_pages import run, sent, upload

__all__ = ["sent", "world"]
pytestmark = pytest.mark.django_db
RULE = {
    "kind": "ROW", "that": "amount > 0", "action": "REJECT", "message": "金额应大于零",
    "message_en": "The amount has to be above zero", "stop_share": "50",
}  # fmt: skip


def rules_of(resource):
    return resource_by_id(resource.id).draft.quality


def address(resource, *more):
    return f"/resources/landing/resources/{resource.id}/rules/{''.join(f'{one}/' for one in more)}"


def test_a_rule_is_tried_on_the_last_batch_kept_published_and_then_asked(world, sent):
    upload(world.steward, sent, HEAD + ROWS)
    run(Batch.objects.get().pk)
    home = page(world.steward, address(sent))
    assert "尚未编写规则" in home
    assert "公民身份号码" in home
    tried = post(world.steward, address(sent, "new"), act="try", **RULE).content.decode()
    assert "3 行中将有 1 行被拒收。" in tried
    assert "第 4 行" in tried
    assert rules_of(sent) == ()
    assert post(world.steward, address(sent, "new"), act="keep", **RULE).status_code == 302
    (rule,) = rules_of(sent)
    assert (rule.key, rule.that, rule.stop_share, rule.message_en) == (
        "r1",
        "amount > 0",
        0.5,
        RULE["message_en"],
    )
    listed = page(world.steward, address(sent), language="en")
    assert "The amount has to be above zero" in listed
    assert "The batch stops when more than 50.0 % fail." in listed
    with context_use(context_system("test")):
        catalogue.resource_submit(sent.id, now=NOW)
        catalogue.resource_publish(sent.id, now=NOW)
    upload(world.steward, sent, HEAD + ROWS.replace("A", "B"))
    batch = run(Batch.objects.latest("pk").pk)
    assert (batch.counts.accepted, batch.reasons["r1"]) == (2, 1)


def test_a_rule_is_changed_and_taken_out(world, sent):
    post(world.steward, address(sent, "new"), act="keep", **RULE)
    form = page(world.steward, address(sent, "r1"))
    assert 'value="50"' in form
    post(world.steward, address(sent, "r1"), act="keep", **RULE | {"that": "amount >= 5"})
    assert [rule.that for rule in rules_of(sent)] == ["amount >= 5"]
    post(world.steward, address(sent, "new"), act="keep", **RULE | {"that": "amount < 9"})
    assert [rule.key for rule in rules_of(sent)] == ["r1", "r2"]
    assert post(world.steward, address(sent, "r1"), act="remove").status_code == 302
    assert [rule.key for rule in rules_of(sent)] == ["r2"]
    assert world.steward.get(address(sent, "r1")).status_code == 404


@pytest.mark.parametrize(
    ("rule", "failed"),
    [
        ({"kind": "REQUIRED", "fields": ["name"]}, 0),
        ({"kind": "UNIQUE", "fields": ["sex"]}, 2),
        ({"kind": "VALID", "fields": ["id_number"], "that": "id_number"}, 2),
        ({"kind": "ACROSS", "fields": ["sex"], "that": "name"}, 2),
        ({"kind": "CODE", "fields": ["sex"], "that": ""}, 0),
    ],
)
def test_each_kind_says_how_many_rows_it_would_refuse(world, sent, rule, failed):
    upload(world.steward, sent, HEAD + ROWS)
    run(Batch.objects.get().pk)
    answer = post(
        world.steward, address(sent, "new"), act="try", **RULE | {"that": ""} | rule
    ).content.decode()
    words = f"3 行中将有 {failed} 行被拒收。" if failed else "3 行全部符合。"
    assert words in answer
    assert rules_of(sent) == ()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"kind": ""}, "请选择规则要求的内容"),
        ({"message": ""}, "请用中文说明"),
        ({"that": "amount >"}, "无法检查"),
        ({"that": "nobody > 0"}, "无法检查"),
        ({"kind": "REQUIRED", "that": ""}, "请选择规则所判断的信息项"),
        ({"kind": "VALID", "fields": ["name"], "that": "none"}, "无法检查"),
        ({"kind": "VOLUME", "that": "a"}, "无法检查"),
        ({"kind": "CODE", "fields": ["name"], "that": ""}, "请填写代码表"),
        ({"stop_share": "150"}, "0 至 100"),
        ({"stop_count": "x"}, "整数"),
        ({"action": "BURN"}, "请选择不合格行的处理方式"),
    ],
)
def test_a_rule_that_cannot_be_checked_is_refused_and_not_kept(world, sent, wrong, words):
    answer = post(world.steward, address(sent, "new"), act="keep", **RULE | wrong)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert rules_of(sent) == ()


def test_another_department_s_rules_are_nobody_s_business(world, sent):
    assert world.reviewer.get(address(sent)).status_code == 404
    refused = post(world.reviewer, address(sent, "new"), act="keep", **RULE)
    assert refused.status_code == 404
    assert rules_of(sent) == ()


def test_a_rule_may_be_written_before_anything_was_sent(world, sent):
    answer = post(world.steward, address(sent, "new"), act="try", **RULE).content.decode()
    assert "尚未报送数据" in answer
