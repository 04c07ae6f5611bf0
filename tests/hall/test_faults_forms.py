"""Any form, anything posted, through the real page: never a defect, never an error without a field, nothing typed lost.

The server alone decides what is shown, asked and wrong, so there is no second judge to differ from; what may go wrong
is the page. Forms and posts are drawn by Hypothesis; the large ones of the issue stand at the end.
"""

import os
import re
import unicodedata

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from yiwang.config.browsing import Form, _Reader
from yiwang.engines.forms.actions import form_put
from yiwang.engines.forms.models import Draft
from yiwang.engines.forms.rules.problems import FormInvalid
from yiwang.hall.applications.actions.drafts import draft_begin
from yiwang.kernel.api import context_system, context_use

pytestmark = pytest.mark.pages

CARD = "322014001000"
CHOICES = ("A", "B", "C")
KINDS = {
    "text": {"type": "string", "maxLength": 8},
    "long": {"type": "string", "minLength": 2, "maxLength": 300},
    "whole": {"type": "integer", "minimum": 1, "maximum": 50},
    "number": {"type": "number", "exclusiveMinimum": 0},
    "date": {"type": "string", "format": "date"},
    "phone": {"type": "string", "format": "mobile-phone"},
    "yes": {"type": "boolean"},
    "choice": {"type": "string", "enum": list(CHOICES)},
    "several": {"type": "array", "items": {"type": "string", "enum": list(CHOICES)}, "uniqueItems": True},
}  # fmt: skip
TYPED = ("text", "long", "whole", "number", "date", "phone")
WHENS = (
    "{0} != null",
    "{0} == 'A'",
    "{0} == true",
    "{0} > 3",
    "len({0}) > 1",
    "'A' in {0}",
    "not {0}",
    "{0} + 1 > 2",
    "years_between({0}, today) >= 1",
)
STRANGE = (
    *("", " ", "0", "-1", "7", "007", "1e3", "1e999", "NaN", "Infinity", "3.14159265358979", "９", "1,000"),
    *("true", "on", "A", "B", "null", "[]", "{}", "2026-02-30", "2026-02-28", "0000-00-00", "99999-1-1"),
    *("13900001234", "abc", "<b>&amp;\"'", "𠮷👵🏽", "甲\x00乙\x07", "\u202eabc", "a\r\nb", "长" * 400, "%s", "{{ 1 }}"),
)  # fmt: skip


def text(words: str) -> dict[str, str]:
    return {"zh": words, "en": words}


@st.composite
def definitions(draw) -> dict:
    """A form of up to seven fields, of which one or two may be groups, with conditions and checks."""
    kinds = draw(st.lists(st.sampled_from([*KINDS, "rows"]), min_size=1, max_size=7))
    names = [f"f{number}" for number in range(len(kinds))]
    properties, fields = {}, {}
    for name, kind in zip(names, kinds, strict=True):
        fields[name] = {"title": text(f"字段{name}")}
        if kind == "rows":
            cells = draw(st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=3))
            keys = [f"c{number}" for number in range(len(cells))]
            properties[name] = {
                "type": "array",
                "minItems": draw(st.integers(0, 2)),
                "maxItems": draw(st.integers(2, 4)),
                "items": {
                    "type": "object",
                    "required": draw(st.lists(st.sampled_from(keys), unique=True)),
                    "properties": {key: KINDS[cell] for key, cell in zip(keys, cells, strict=True)},
                },
            }
            fields[name]["fields"] = {key: _titled(key, cell) for key, cell in zip(keys, cells, strict=True)}  # fmt: skip
        else:
            properties[name] = KINDS[kind]
            fields[name] = _titled(name, kind)
    some = st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True)
    conditions = [
        {"when": draw(st.sampled_from(WHENS)).format(draw(st.sampled_from(names))), act: draw(some)}
        for act in draw(st.lists(st.sampled_from(["show", "require"]), max_size=3))
    ]
    checks = [
        {
            "that": draw(st.sampled_from(WHENS)).format(draw(st.sampled_from(names))),
            "field": draw(st.sampled_from(names)),
            "message": text("请核对。"),
        }
        for _ in range(draw(st.integers(0, 2)))
    ]
    cut = draw(st.integers(1, len(names)))
    pages = [part for part in (names[:cut], names[cut:]) if part]
    return {
        "key": "faults",
        "title": text("任意表单"),
        "schema": {
            "type": "object",
            "required": draw(st.lists(st.sampled_from(names), unique=True)),
            "properties": properties,
        },
        "ui": {
            "pages": [
                {"key": f"p{number}", "title": text(f"第{number}页"), "fields": part}
                for number, part in enumerate(pages)
            ],
            "fields": fields,
        },
        "conditions": conditions,
        "checks": checks,
    }


def _titled(name: str, kind: str) -> dict:
    made = {"title": text(f"字段{name}")}
    if kind in ("choice", "several"):
        made["options"] = [{"value": value, "zh": value, "en": value} for value in CHOICES]
    return made


PRESSES = st.sampled_from(
    [("go", "next"), ("go", "save"), ("go", "back"), ("add", 0), ("remove", 0), ("_rows", "f0.9"),
     ("_take", "f0"), ("_remove", "f9.77"), ("_add", "nothing"), ("_window", "x-y"), ("_import", "f0:replace")]
)  # fmt: skip
POSTS = st.lists(st.tuples(st.lists(st.sampled_from(STRANGE), min_size=1, max_size=6), PRESSES), min_size=1, max_size=4)  # fmt: skip


class Filler:
    """The elder at a draft whose form is any form."""

    def __init__(self, city, client, now) -> None:
        self.client, self.now = client, now
        client.force_login(city.account("elder"))
        self.elder = city.context("elder")

    def asked(self, definition: dict) -> None:
        """Let the draft ask another form, empty."""
        with context_use(context_system("tests")):
            version = form_put("tests.faults", definition, source="tests", now=self.now)
        with context_use(self.elder):
            draft_id = draft_begin(CARD, now=self.now)  # the last one may have been submitted
        self.base = f"/hall/applications/drafts/{draft_id}/"
        Draft.objects.filter(pk=draft_id).update(
            form_version_id=version.version_id,
            values={},
            sources={},
            others={},
            groups={},
            history={},
        )

    def open(self, address: str):
        """Open a page: it answers, whatever stands in the draft."""
        answer = self.client.get(address, follow=True)
        assert answer.status_code == 200, (address, answer.status_code)
        return answer

    def post(self, address: str, data: dict, **files):
        """Post to a page: an answer that a person can go on from, its errors each with a place to go to."""
        answer = self.client.post(address, {**data, **files}, follow=True)
        assert answer.status_code in (200, 404, 409, 413, 422), (address, answer.status_code, data)
        if answer.status_code == 422:
            errors_lead_somewhere(answer.content.decode())
        return answer


def errors_lead_somewhere(body: str) -> None:
    """Every error of the summary is a link, and what it leads to is on the page, or is another page."""
    summary = re.search(r'class="alert alert-danger.*?</ul>', body, re.S)
    assert summary, body[:3000]
    lines = re.findall(r"<li.*?</li>", summary.group(0), re.S)
    assert lines
    for line in lines:
        href = re.search(r'href="([^"]+)"', line)
        assert href, line
        if href.group(1).startswith("#"):
            assert f'id="{href.group(1)[1:]}"' in body, line


def form_of(answer) -> Form:
    """Read the form of the page as a browser without scripts does."""
    reader = _Reader()
    reader.feed(answer.content.decode())
    return next(form for form in reader.forms if "_fields" in form.names)


def plain(typed: str) -> str:
    """What of a typed text is to come back: control characters and the spaces around it are nobody's loss."""
    kept = "".join(
        one for one in typed if unicodedata.category(one) not in ("Cc", "Cf") or one in "\n"
    )
    return unicodedata.normalize("NFKC", kept).replace("\r", "").strip()


def same(typed: str, shown: str, kind: str) -> bool:
    """Tell whether the page shows what was typed; of numbers it may show another writing of the same."""
    if plain(typed) == plain(shown):
        return True
    if kind in ("phone", "date"):  # spaces within them are left out on purpose
        return "".join(plain(typed).split()) == "".join(plain(shown).split())
    if kind not in ("whole", "number"):
        return False
    try:
        return float(plain(typed).replace(",", "")) == float(shown)
    except ValueError:
        return False


def kinds_of(definition: dict) -> dict[str, str]:
    """Name the kind of each typed field and cell, as the names of its inputs end."""
    known = {id(schema): kind for kind, schema in KINDS.items()}
    found = {}
    for name, schema in definition["schema"]["properties"].items():
        found[name] = known.get(id(schema), "rows")
        if found[name] == "rows":
            for cell, inner in schema["items"]["properties"].items():
                found[f"{name}.{cell}"] = known[id(inner)]
    return found


def any_form_and_posts(filler: Filler, definition: dict, posts: list) -> None:
    """Fill in any form with anything: what the page says then is held against what was typed."""
    try:
        filler.asked(definition)
    except FormInvalid:
        assume(False)  # noqa: FBT003 - conditions in a circle, or the like
    kinds = kinds_of(definition)
    page = filler.open(filler.base)
    for values, (press, what) in posts:
        form = form_of(page)
        address = page.redirect_chain[-1][0] if page.redirect_chain else page.request["PATH_INFO"]
        data: dict[str, list[str]] = {}
        for name, value in form.values:
            data.setdefault(name, []).append(value)
        typed = {}
        for number, name in enumerate(sorted(form.names)):
            kind = kinds.get(re.sub(r"\.\d+\.", ".", name))
            if kind is None or kind == "rows":
                continue
            data[name] = [values[number % len(values)]]
            if kind in TYPED:
                typed[name] = (data[name][0], kind)
        data |= pressed(form, press, what)
        answer = filler.post(address, data)
        if answer.status_code in (404, 409):
            return
        if press != "remove" and not press.startswith("_"):
            shown_again(filler.open(address), typed)
        page = answer if "/pages/" in answer.request["PATH_INFO"] else filler.open(filler.base)
    filler.open(filler.base + "check/")
    filler.post(filler.base + "submit/", {})


def pressed(form: Form, press: str, what) -> dict[str, list[str]]:
    """Name the button that is pressed; rows are added and removed where there are some."""
    if press in ("add", "remove"):
        found = [b for b in form.buttons if b.name == f"_{press}"]
        return {f"_{press}": [found[0].value]} if found else {"go": ["save"]}
    return {press: [what]}


def shown_again(page, typed: dict[str, tuple[str, str]]) -> None:
    """Whatever was typed into a field that is still asked stands in it."""
    form = form_of(page)
    for name, (value, kind) in typed.items():
        if name in form.names:
            assert same(value, form.value(name), kind), (name, kind, value, form.value(name))


@pytest.fixture
def filler(city, client, now):
    return Filler(city, client, now)


def profile(examples: int):
    """How many forms, always the same ones where a landing waits for them; one database for all, so the fixture stays."""
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=examples < 50 or "CI" in os.environ,
        suppress_health_check=list(HealthCheck),
    )


@profile(6)
@given(definitions(), POSTS)
def test_any_form_takes_anything_and_shows_it_again(filler, definition, posts):
    any_form_and_posts(filler, definition, posts)


@pytest.mark.heavy
@profile(150)
@given(definitions(), POSTS)
def test_many_forms_take_anything_and_show_it_again(filler, definition, posts):
    any_form_and_posts(filler, definition, posts)
