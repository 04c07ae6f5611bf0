"""What the designer of forms speaks of (表单设计的值): drafts, versions and their refusals. Free of Django."""

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from yiwang.sdk.errors import N_, Conflict, Forbidden, Invalid, NotFound

KEY = re.compile(r"[a-z][a-z0-9_]{0,58}(?:\.[a-z][a-z0-9_]{0,58})?")
Text = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FormDraftView:
    """A form while it is written (表单草稿); base_number: the version it began from, 0 for a new one."""

    key: str
    definition: dict
    base_number: int
    revision: int
    writer_ids: tuple[int, ...]
    edited_by_name: str
    edited_at: datetime.datetime
    trial: dict = field(default_factory=dict)

    @property
    def title(self) -> Text:
        """Return the form's title as far as it is written."""
        title = self.definition.get("title")
        return title if isinstance(title, dict) else {"zh": self.key, "en": self.key}


@dataclass(frozen=True, slots=True)
class FormRow:
    """One form in the list (表单): number 0 is not published yet."""

    key: str
    title: Text
    number: int
    created_at: datetime.datetime | None
    fields: int
    uses: int
    open_drafts: int
    draft_at: datetime.datetime | None
    draft_by: str


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version (表单版本): who uses it, how many people are filling it in now, who published it."""

    version_id: int
    number: int
    created_at: datetime.datetime
    source: str
    uses: tuple
    open_drafts: int
    reason: str = ""
    writers: str = ""
    published_by_name: str = ""


class FormUnknown(NotFound):
    """No form, version or draft of this key."""

    code = "form_unknown"
    message = N_("There is no such form or version. Check the address.")


class FormKeyInvalid(Invalid):
    """The key cannot be one of a form."""

    code = "form_key_invalid"
    message = N_(
        "A key is made of small letters, digits and _, perhaps with one dot: city.pet_licence."
    )


class FormKeyTaken(Conflict):
    """There is a form of that key already."""

    code = "form_key_taken"
    message = N_("There is a form with the key %(key)s already. Open that one.")


class FormDraftChanged(Conflict):
    """Somebody saved the draft meanwhile."""

    code = "form_draft_changed"
    message = N_(
        "%(name)s changed this form meanwhile. Reload the page and make your change again."
    )


class FormFileInvalid(Invalid):
    """A file is no form."""

    code = "form_file_invalid"
    message = N_("This file is no form: %(reason)s")


class ReasonMissing(Invalid):
    """A version is published without a word why."""

    code = "form_reason_missing"
    message = N_("Say what changed and why.")


class PublisherIsWriter(Forbidden):
    """Who wrote a form may not publish it: two persons look at what everybody will have to fill in."""

    code = "form_publisher_is_writer"
    message = N_(
        "You wrote on this draft, so another person has to publish it. Ask a colleague to look it through."
    )


class NothingChanged(Conflict):
    """The draft says what the newest version says."""

    code = "form_unchanged"
    message = N_("The draft says the same as version %(number)s; there is nothing to publish.")
