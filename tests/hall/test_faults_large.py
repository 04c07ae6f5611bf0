"""Ten thousand rows, a file that unpacks without end, two hundred fields: through the real page, nothing typed lost."""

import io
import re
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.hall.test_faults_forms import Filler, form_of
from yiwang.engines.forms.tests.test_groups import goods
from yiwang.engines.forms.tests.test_large_forms import wide
from yiwang.kernel.api import sheet_write

pytestmark = [pytest.mark.heavy, pytest.mark.pages]


@pytest.fixture
def filler(city, client, now):
    return Filler(city, client, now)


def file_of(name: str, content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def bomb() -> bytes:
    """A workbook of some hundred kilobytes whose sheet unpacks to 400 MB."""
    book = io.BytesIO(sheet_write("xlsx", [["品名", "重量"], ["货物", "1"]]))
    made = io.BytesIO()
    with zipfile.ZipFile(book) as parts, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as out:
        for part in parts.namelist():
            with out.open(part, "w", force_zip64=True) as target:
                if not part.startswith("xl/worksheets/"):
                    target.write(parts.read(part))
                    continue
                for _ in range(400):
                    target.write(b" " * 1_000_000)
    return made.getvalue()


def test_ten_thousand_rows_sent_as_a_file_are_there_and_can_be_typed_over(filler):
    filler.asked(goods())
    page = filler.base + "pages/main/"
    rows = [["品名", "重量", "类别", "已检", "入库日期"]]
    rows += [[f"货物{n}", "1.5", "甲类", "是", "2026-01-02"] for n in range(10_000)]
    sent = file_of("清单.xlsx", sheet_write("xlsx", rows))

    empty = form_of(filler.open(page))
    data = {**dict(empty.values), "_import": "goods:replace"}
    shown = form_of(filler.post(page, data, **{"goods._file": sent}))
    there = filler.post(page, {**dict(shown.values), "_rows": "goods.9999"})

    form = form_of(there)
    assert form.value("goods.9999.name") == "货物9999"
    data = {name: value for name, value in form.values if name != "goods._file"}
    filler.post(
        page, {**data, "goods.9999.name": "手工改过", "goods.9998.weight": "不知道", "go": "save"}
    )
    again = form_of(filler.open(page))
    assert (again.value("goods.9999.name"), again.value("goods.9998.weight")) == (
        "手工改过",
        "不知道",
    )
    wrong = filler.post(page, {**dict(again.values), "go": "next"})
    assert wrong.status_code == 422


def test_a_file_that_unpacks_without_end_is_refused_and_what_was_typed_stays(filler):
    filler.asked(goods())
    page = filler.base + "pages/main/"
    filler.post(page, {"_fields": "goods", "_add": "goods"})
    content = bomb()
    assert len(content) < 2_000_000
    data = dict(form_of(filler.open(page)).values) | {"goods.0.name": "手工填的"}

    answer = filler.post(
        page, {**data, "_import": "goods:replace"}, **{"goods._file": file_of("清单.xlsx", content)}
    )

    assert answer.status_code == 422
    assert re.search(r"清单\.xlsx|文件", answer.content.decode())
    assert form_of(filler.open(page)).value("goods.0.name") == "手工填的"


def test_two_hundred_fields_are_filled_in_on_the_pages_and_all_stay(filler):
    filler.asked(wide())
    typed = {}
    for number in range(10):
        page = f"{filler.base}pages/p{number}/"
        form = form_of(filler.open(page))
        asked = sorted(name for name in form.names if re.fullmatch(r"f\d+", name))
        mine = {name: f"内容{name}" for name in asked if int(name[1:]) % 3 == 0}
        filler.post(page, {**dict(form.values), **dict.fromkeys(asked, "7"), **mine, "go": "save"})
        typed |= mine

    assert len(typed) >= 60
    for number in range(10):
        form = form_of(filler.open(f"{filler.base}pages/p{number}/"))
        shown = {name: form.value(name) for name in typed if name in form.names}
        assert shown == {name: typed[name] for name in shown}
        typed = {name: value for name, value in typed.items() if name not in shown}
    assert typed == {}
