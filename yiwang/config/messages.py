"""Translations (翻译): source strings are English inside gettext, `zh_Hans` is complete.

Every app keeps its own `locale/zh_Hans/LC_MESSAGES/django.po`; the texts of `sdk`, `config` and the
areas' own modules stand with those of `kernel.ui`. Needs no Django, so it runs before set-up.
"""

import io
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

PACKAGE = Path(__file__).resolve().parents[1]
LOCALE = "zh_Hans"
HOME = PACKAGE / "kernel" / "ui"
Echo = Callable[[str], object]

_KEYWORDS = {
    "_": None,
    "N_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
_JINJA = {"trimmed": "true", "newstyle_gettext": "true", "extensions": "jinja2.ext.do"}
_SKIPPED = {"tests", "migrations", "static", "locale", "__pycache__"}
_PLACEHOLDER = re.compile(r"%\((\w+)\)[#0 +-]*\d*(?:\.\d+)?[a-zA-Z]")


def app_list() -> list[Path]:
    """Return the folders of the apps: `yiwang/<area>/<app>` with an apps.py."""
    return sorted(path.parent for path in PACKAGE.glob("*/*/apps.py"))


def po_path(app: Path) -> Path:
    """Return where an app's translations stand."""
    return app / "locale" / LOCALE / "LC_MESSAGES" / "django.po"


def source_list() -> dict[Path, list[Path]]:
    """Return the files with texts by the app whose catalogue holds them."""
    apps = set(app_list())
    found: dict[Path, list[Path]] = {app: [] for app in apps}
    for path in sorted(PACKAGE.rglob("*")):
        inner = path.relative_to(PACKAGE)
        if path.suffix not in (".py", ".html", ".txt") or _SKIPPED & set(inner.parts[:-1]):
            continue
        if inner.parts[0] == "packs":  # packs carry {zh, en}; kernel/packs is an app
            continue
        if path.suffix != ".py" and "templates" not in inner.parts:
            continue
        app = PACKAGE.joinpath(*inner.parts[:2])
        found[app if app in apps else HOME].append(path)
    return found


def texts_extract(paths: list[Path]) -> Catalog:
    """Return the texts of some files as a catalogue without translations."""
    catalog = Catalog()
    for path in paths:
        method, options = ("python", {}) if path.suffix == ".py" else ("jinja2", _JINJA)
        with path.open("rb") as file:
            for line, text, _comments, context in extract(
                method, file, keywords=_KEYWORDS, options=options
            ):
                if text and (text if isinstance(text, str) else text[0]):
                    place = str(path.relative_to(PACKAGE.parent))
                    catalog.add(text, locations=[(place, line)], context=context)
    return catalog


def po_read(path: Path) -> Catalog:
    """Return the translations of a file, an empty catalogue when there is none."""
    if not path.exists():
        return Catalog(locale=LOCALE)
    with path.open("rb") as file:
        return read_po(file, locale=LOCALE)


def messages_extract(*, echo: Echo = lambda text: None, only: str = "") -> int:
    """Bring every catalogue up to date with the source, keeping translations; unused texts go.

    only: one app such as "hall.matters".
    """
    sources = source_list()
    known = _known(sources)
    for app, paths in sources.items():
        if only and ".".join(app.parts[-2:]) != only:
            continue
        found = texts_extract(paths)
        path = po_path(app)
        if not len(found):
            path.unlink(missing_ok=True)
            continue
        _po_write(path, _merge(found, po_read(path), known))
        left = sum(not _is_translated(message) for message in _texts(po_read(path)))
        echo(f"{path.relative_to(PACKAGE.parent)}: {len(found)} texts, {left} to translate")
    return 0


def _known(sources: dict[Path, list[Path]]) -> dict[tuple, object]:
    """Collect every translation there is, to fill the same text in another app."""
    known: dict[tuple, object] = {}
    for app in sources:
        for message in _texts(po_read(po_path(app))):
            if _is_translated(message):
                known.setdefault(_key(message), message.string)
    return known


def _merge(found: Catalog, old: Catalog, known: dict[tuple, object]) -> Catalog:
    merged = Catalog(locale=LOCALE, project="yiwang", version="1", fuzzy=False)
    kept = {_key(message): message for message in _texts(old)}
    for message in sorted(_texts(found), key=lambda m: (_key(m)[1], _key(m)[0])):
        before = kept.get(_key(message))
        translated = before is not None and any(_strings(before.string))
        string = before.string if translated else known.get(_key(message), "")
        plural = isinstance(message.id, tuple)
        if plural and isinstance(string, str):
            string = (string,)
        merged.add(
            message.id,
            string if plural or isinstance(string, str) else string[0],
            context=message.context,
            locations=sorted({(place, 0) for place, _line in message.locations}),
            flags=before.flags & {"fuzzy"} if before is not None else (),
        )
    return merged


def _po_write(path: Path, catalog: Catalog) -> None:
    buffer = io.BytesIO()
    write_po(buffer, catalog, width=100, omit_header=True, include_lineno=False)
    head = (
        'msgid ""\nmsgstr ""\n"Language: zh_Hans\\n"\n"MIME-Version: 1.0\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n'
        '"Plural-Forms: nplurals=1; plural=0;\\n"\n\n'
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    content = (head + buffer.getvalue().decode().strip() + "\n").encode()
    if not path.exists() or path.read_bytes() != content:
        path.write_bytes(content)


def messages_compile(*, echo: Echo = lambda text: None, force: bool = False) -> int:
    """Write the .mo of every .po that is newer than it; some milliseconds when nothing changed."""
    for app in app_list():
        path = po_path(app)
        if not path.exists():
            continue
        target = path.with_suffix(".mo")
        if not force and target.exists() and target.stat().st_mtime_ns >= path.stat().st_mtime_ns:
            continue
        draft = target.with_name(f"{target.name}.{os.getpid()}")
        with draft.open("wb") as file:
            write_mo(file, po_read(path))
        draft.replace(target)
        echo(f"{target.relative_to(PACKAGE.parent)} written")
    return 0


def messages_check(*, echo: Echo = lambda text: None, only: str = "") -> int:
    """Return 1 and say what is wrong: a text missing, fuzzy, unused, with other places or two words.

    Two apps may not translate the same text differently: at run time the catalogues are one.
    """
    sources = source_list()
    if only:
        sources = {app: s for app, s in sources.items() if ".".join(app.parts[-2:]) == only}
    problems = [line for app, paths in sources.items() for line in _problems(app, paths)]
    place = only.replace(".", "/")
    problems += [line for line in _conflicts(source_list()) if place in line]
    for line in problems:
        echo(line)
    texts = sum(len(po_read(po_path(app))) for app in sources)
    echo(f"{texts} texts, {len(problems)} problems")
    return 1 if problems else 0


def _problems(app: Path, paths: list[Path]) -> Iterator[str]:
    name = str(po_path(app).relative_to(PACKAGE.parent))
    found = {_key(message): message for message in _texts(texts_extract(paths))}
    have = {_key(message): message for message in _texts(po_read(po_path(app)))}
    for key, message in found.items():
        place = ":".join(map(str, message.locations[0]))
        if key not in have or not any(_strings(have[key].string)):
            yield f"{name}: not translated: {key[1]!r} ({place})"
        elif have[key].fuzzy:
            yield f"{name}: fuzzy: {key[1]!r} ({place})"
        elif other := _other_places(have[key]):
            yield f"{name}: places differ: {key[1]!r}: {other}"
    for key in have.keys() - found.keys():
        yield f"{name}: not used: {key[1]!r}"


def _other_places(message: Message) -> str:
    """Return the placeholders that a translation has but the text has not: they would crash."""
    wanted = set().union(*(_PLACEHOLDER.findall(text) for text in _strings(message.id)))
    found = set().union(*(_PLACEHOLDER.findall(text) for text in _strings(message.string)))
    singular = isinstance(message.id, tuple)
    return ", ".join(sorted(found - wanted | (set() if singular else wanted - found)))


def _conflicts(sources: dict[Path, list[Path]]) -> Iterator[str]:
    """Name texts that two apps translate differently: the catalogues are one at run time."""
    seen: dict[tuple, tuple[str, str]] = {}
    for app in sources:
        for message in _texts(po_read(po_path(app))):
            text = "|".join(_strings(message.string))
            name = app.relative_to(PACKAGE).as_posix()
            other, where = seen.setdefault(_key(message), (text, name))
            if text and other and text != other:
                yield f"{name}: two words: {_key(message)[1]!r} is {text} here, {other} in {where}"


def _texts(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id]


def _key(message: Message) -> tuple[str | None, str]:
    return message.context or "", _strings(message.id)[0]


def _strings(text: object) -> tuple[str, ...]:
    return tuple(text) if isinstance(text, (tuple, list)) else (text or "",)


def _is_translated(message: Message) -> bool:
    return any(_strings(message.string)) and not message.fuzzy


def main(verb: str, only: str = "") -> int:
    """Run for one app: `python -m yiwang.config.messages extract|check hall.matters`."""
    run = {"extract": messages_extract, "check": messages_check}[verb]
    return run(echo=lambda text: sys.stdout.write(f"{text}\n"), only=only)


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
