"""The translations' tools on a package of their own."""

import pytest

from yiwang.config import messages


@pytest.fixture
def app(tmp_path, monkeypatch):
    root = tmp_path / "yiwang"
    app = root / "hall" / "matters"
    (app / "templates").mkdir(parents=True)
    (app / "apps.py").write_text("")
    (app / "views.py").write_text('from x import N_\nA = N_("Open %(n)s matters")\n')
    (app / "templates" / "page.html").write_text(
        '{{ _("Sign in") }}{% trans n=1 %} {{ n }}\n day{% pluralize %}{{ n }} days{% endtrans %}'
    )
    monkeypatch.setattr(messages, "PACKAGE", root)
    monkeypatch.setattr(messages, "HOME", root / "kernel" / "ui")
    (root / "kernel" / "ui").mkdir(parents=True)
    (root / "kernel" / "ui" / "apps.py").write_text("")
    return app


def said(verb):
    lines = []
    return verb(echo=lines.append), lines


def fill(app, **pairs):
    path = messages.po_path(app)
    text = path.read_text()
    for msgid, msgstr in pairs.values():
        before = f'msgid "{msgid}"\nmsgstr ""'
        assert before in text
        text = text.replace(before, f'msgid "{msgid}"\nmsgstr "{msgstr}"')
    path.write_text(text)


def test_texts_of_python_and_templates_are_found_and_reported_until_translated(app):
    messages.messages_extract()
    code, lines = said(messages.messages_check)
    assert code == 1
    assert [line.split("(")[0] for line in lines if "not translated" in line] != []
    fill(app, a=("Open %(n)s matters", "打开 %(n)s 个事项"), b=("Sign in", "登录"))
    path = messages.po_path(app)
    path.write_text(path.read_text().replace('msgstr[0] ""', 'msgstr[0] "%(n)s 天"'))
    assert said(messages.messages_check) == (0, ["3 texts, 0 problems"])


def test_extracting_again_keeps_translations_and_drops_what_is_unused(app):
    messages.messages_extract()
    fill(app, b=("Sign in", "登录"))
    before = messages.po_path(app).read_text()
    messages.messages_extract()
    assert messages.po_path(app).read_text() == before
    (app / "views.py").write_text("")
    code, lines = said(messages.messages_check)
    assert any("not used" in line and "Open" in line for line in lines)
    messages.messages_extract()
    assert "Open %(n)s" not in messages.po_path(app).read_text()
    assert "登录" in messages.po_path(app).read_text()


def test_a_translation_with_another_placeholder_is_a_problem(app):
    messages.messages_extract()
    fill(app, a=("Open %(n)s matters", "打开 %(count)s 个事项"))
    _code, lines = said(messages.messages_check)
    assert any("places differ" in line for line in lines)


def test_two_apps_may_not_translate_one_text_differently(app):
    other = app.parent / "licences"
    other.mkdir()
    (other / "apps.py").write_text('from x import N_\nA = N_("Sign in")\n')
    messages.messages_extract()
    fill(app, b=("Sign in", "登录"))
    fill(other, b=("Sign in", "签到"))
    code, lines = said(messages.messages_check)
    assert code == 1
    assert any("two words" in line and "登录" in line and "签到" in line for line in lines)


def test_compiling_writes_only_what_is_stale(app):
    messages.messages_extract()
    assert said(messages.messages_compile)[1] == [
        "yiwang/hall/matters/locale/zh_Hans/LC_MESSAGES/django.mo written"
    ]
    assert said(messages.messages_compile)[1] == []
