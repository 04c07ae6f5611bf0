"""What the designer speaks of (流程设计的值): drafts, versions and their refusals. Free of Django."""

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass

from yiwang.sdk.errors import N_, Conflict, NotFound, YiwangError

KEY = re.compile(r"[a-z][a-z0-9_]{0,58}(?:\.[a-z][a-z0-9_]{0,58})?")


@dataclass(frozen=True, slots=True)
class DraftView:
    """A draft (流程草稿); base_number: the version it began from, 0 for a new process."""

    key: str
    title: Mapping[str, str]
    xml: str
    base_number: int
    revision: int
    edited_by_name: str
    edited_at: datetime.datetime
    writer_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelView:
    """One process in the list (流程模型): version 0 is not published yet."""

    key: str
    title: Mapping[str, str]
    number: int
    created_at: datetime.datetime | None
    running: int
    draft_at: datetime.datetime | None
    draft_by: str


@dataclass(frozen=True, slots=True)
class VersionView:
    """One version (流程版本) with how many instances run and ran on it."""

    number: int
    created_at: datetime.datetime
    running: int
    total: int
    note: str
    published_by_name: str


class ProcessKeyInvalid(YiwangError):
    """The key cannot be one of a process."""

    code = "process_key_invalid"
    status = 422
    message = N_(
        "A key is made of small letters, digits and _, perhaps with one dot: city.open_shop."
    )


class ProcessKeyTaken(Conflict):
    """There is a process of that key already."""

    code = "process_key_taken"
    message = N_("There is a process with the key %(key)s already. Open that one.")


class ProcessUnknown(NotFound):
    """No process, version or draft of this key."""

    code = "process_unknown"
    message = N_("There is no such process or version. Check the address.")


class DraftChanged(Conflict):
    """Somebody saved the draft meanwhile."""

    code = "draft_changed"
    message = N_(
        "%(name)s saved this draft meanwhile. Download yours, reload the page and bring the changes"
        " together."
    )


class PublisherIsWriter(Conflict):
    """Who drew a process would publish it."""

    code = "publisher_is_writer"
    message = N_(
        "Whoever drew a version does not publish it. Ask a colleague who may publish to look at it."
    )


class NoteMissing(YiwangError):
    """A version is published without a word why."""

    code = "note_missing"
    status = 422
    message = N_("Say what changed and why.")
