"""The pages: a clerk sends, reads why rows were refused, corrects; a steward of the data bureau releases."""

import io

import pytest

from yiwang.kernel.api import context_system, context_use
from yiwang.resources.catalogue import actions as catalogue
from yiwang.resources.catalogue.tests.test_pages import page, post, world
from yiwang.resources.landing import actions
from yiwang.resources.landing.models import Batch
from yiwang.resources.landing.tests.conftest import FIELDS, HEAD, NOW, ROWS, spec_with

__all__ = ["world"]
pytestmark = pytest.mark.django_db
HOME = "/resources/landing/"
MANY = "".join(f"B{n},张三,,1,2024-01-01,1\n" for n in range(20))


@pytest.fixture
def sent(world):
    """Publish a resource of the steward's department; gives its id."""
    from yiwang.identity.api import context_of_account
    from yiwang.resources.catalogue.queries import resource_by_id

    with context_use(context_system("test")):
        made = catalogue.resource_register(
            spec_with(FIELDS), department_id=world.own_department, now=NOW
        )
        catalogue.resource_submit(made.id, now=NOW)
        catalogue.resource_publish(made.id, now=NOW)
        assert context_of_account
        return resource_by_id(made.id)


def upload(client, resource, content, *, name="婚姻登记.csv", mode="DELTA"):
    file = io.BytesIO(content.encode() if isinstance(content, str) else content)
    file.name = name
    return post(client, f"{HOME}resources/{resource.id}/", file=file, mode=mode)


def run(batch_id):
    with context_use(context_system("test")):
        return actions.batch_process(batch_id, now=NOW)


def test_a_clerk_sends_a_file_and_reads_what_became_of_it(world, sent):
    steward = world.steward
    assert "尚未报送" in page(steward, HOME)
    text = page(steward, f"{HOME}resources/{sent.id}/")
    assert "原样报送即可" in text
    response = upload(steward, sent, HEAD + MANY + "C1,李四,,1,2024-13-01,1\n合计,,,,,21\n")
    assert response.status_code == 302
    batch = Batch.objects.get()
    assert batch.account_name == "DATA_STEWARD"
    waiting = page(steward, f"{HOME}batches/{batch.pk}/")
    assert f'hx-get="{HOME}batches/{batch.pk}/progress/"' in waiting
    assert "等待后台处理" in page(steward, f"{HOME}batches/{batch.pk}/progress/")
    assert run(batch.pk).state == "LANDED"
    done = steward.get(f"{HOME}batches/{batch.pk}/progress/")
    assert done.headers["HX-Refresh"] == "true"
    text = page(steward, f"{HOME}batches/{batch.pk}/")
    assert "20 行已入库，1 行被拒收" in text
    assert "登记日期不是有效日期" in text
    assert "第 23 行是合计或说明" in text
    rows = page(steward, f"{HOME}batches/{batch.pk}/rows/?reason=type:registered_date")
    assert "<mark>2024-13-01</mark>" in rows
    assert "1 rows refused" not in page(steward, f"{HOME}batches/{batch.pk}/", language="en")
    assert "婚姻登记.csv" in page(steward, f"{HOME}batches/?state=LANDED&q=婚姻")
    assert "20" in page(steward, HOME)


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_refused_rows_are_downloaded_corrected_and_sent_again(world, sent, form):
    upload(world.steward, sent, HEAD + MANY + "C1,=李四,,1,2024-13-01,1\n")
    batch = Batch.objects.get()
    run(batch.pk)
    response = world.steward.get(f"{HOME}batches/{batch.pk}/rows.{form}")
    content = response.content
    if form == "csv":
        assert (
            "22,登记日期不是有效日期（如 2024-01-05）,C1,'=李四,,1,2024-13-01,1" in content.decode()
        )
        content = content.decode().replace("2024-13-01", "2024-12-01").encode()
    else:
        from openpyxl import load_workbook

        book = load_workbook(io.BytesIO(content))
        assert [cell.value for cell in book.active[2]][:4] == [
            "22",
            "登记日期不是有效日期（如 2024-01-05）",
            "C1",
            "=李四",
        ]
        book.active["G2"] = "2024-12-01"
        buffer = io.BytesIO()
        book.save(buffer)
        content = buffer.getvalue()
    upload(world.steward, sent, content, name=f"改正.{form}")
    again = run(Batch.objects.latest("pk").pk)
    assert (again.state, again.counts.accepted, again.counts.rejected, again.notes) == (
        "LANDED", 1, 0, [],
    )  # fmt: skip


def test_the_empty_table_is_read_as_it_is_offered(world, sent):
    response = world.steward.get(f"{HOME}resources/{sent.id}/template.xlsx")
    assert response.content[:2] == b"PK"
    page(world.steward, f"{HOME}resources/{sent.id}/template.pdf", status=404)
    upload(world.steward, sent, response.content, name="空表.xlsx")
    view = run(Batch.objects.get().pk)
    assert (view.state, view.problem) == ("FAILED", "ONLY_HEADING")
    assert "文件只有表头" in page(world.steward, f"{HOME}batches/{view.id}/")


def test_nothing_chosen_empty_and_repeated_files_are_told(world, sent):
    steward = world.steward
    response = post(steward, f"{HOME}resources/{sent.id}/", mode="DELTA")
    assert (response.status_code, "请选择要报送的文件" in response.content.decode()) == (422, True)
    response = upload(steward, sent, "")
    assert (response.status_code, "文件是空的" in response.content.decode()) == (422, True)
    assert upload(steward, sent, HEAD + ROWS, mode="X").status_code == 422
    assert not Batch.objects.exists()
    upload(steward, sent, HEAD + ROWS)
    again = upload(steward, sent, HEAD + ROWS)
    assert "未作任何更改" in page(steward, again.headers["Location"])
    assert Batch.objects.count() == 1


def test_a_stopped_batch_is_released_by_the_data_bureau_only(world, sent):
    upload(world.steward, sent, HEAD + ROWS.replace("2024", "1/1"))
    batch = Batch.objects.get()
    run(batch.pk)
    text = page(world.steward, f"{HOME}batches/{batch.pk}/")
    assert "请联系数据局放行" in text
    good = HEAD + ROWS.partition("\n")[0] + "\n" + "X1,张三,,1,坏,1\nX2,张三,,1,坏,1\n"
    upload(world.steward, sent, good)
    stopped = Batch.objects.latest("pk")
    assert run(stopped.pk).state == "STOPPED"
    address = f"{HOME}batches/{stopped.pk}/"
    assert post(world.steward, address, act="release", reason="x").status_code == 422
    assert post(world.reviewer, address, act="release", reason="").status_code == 422
    assert Batch.objects.get(pk=stopped.pk).state == "STOPPED"
    assert post(world.reviewer, address, act="release", reason="已核实").status_code == 302
    assert "已由数据管理员放行" in page(world.reviewer, address)
    assert post(world.steward, address, act="cancel").status_code == 422
    assert post(world.steward, address, act="withdraw", reason="错了").status_code == 302
    assert "已撤回" in page(world.steward, address)
    assert post(world.steward, f"{HOME}batches/{batch.pk}/", act="cancel").status_code == 302
    assert "未保留任何内容" in page(world.steward, f"{HOME}batches/{batch.pk}/")


def test_another_departments_resources_and_batches_are_not_there(world, sent):
    upload(world.steward, sent, HEAD + ROWS)
    with context_use(context_system("test")):
        other = catalogue.resource_register(
            spec_with(FIELDS), department_id=world.other_department, now=NOW
        )
        catalogue.resource_submit(other.id, now=NOW)
        catalogue.resource_publish(other.id, now=NOW)
        strange = Batch.objects.create(
            resource_id=other.id, number=1, mode="DELTA", source="UPLOAD", name="x", sha256="0" * 64,
            size=1, folder="landing/x/1", department_id=world.other_department, received_at=NOW,
        )  # fmt: skip
    steward = world.steward
    for address in (
        f"resources/{other.id}/",
        f"resources/{other.id}/template.csv",
        f"batches/{strange.pk}/",
        f"batches/{strange.pk}/rows/",
        f"batches/{strange.pk}/rows.csv",
        f"batches/{strange.pk}/progress/",
        "batches/999999999999999999999/",
        "resources/999999999999999999999/",
    ):
        page(steward, HOME + address, status=404)
    page(world.reviewer, f"{HOME}batches/{strange.pk}/")
    page(world.reviewer, f"{HOME}batches/{strange.pk}/rows.csv", status=403)
    for persona in ("CITIZEN", "AGENT", "STAFF"):
        page(world.client(persona), HOME, status=403)
