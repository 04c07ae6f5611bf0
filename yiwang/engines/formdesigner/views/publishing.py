"""Beginning, importing, throwing away and publishing a form (新建、导入、丢弃、发布)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from yiwang.engines.formdesigner import actions, queries
from yiwang.engines.formdesigner.data import (
    FormDraftChanged,
    FormFileInvalid,
    FormKeyInvalid,
    FormKeyTaken,
    NothingChanged,
    ReasonMissing,
)
from yiwang.engines.formdesigner.queries import DESIGN, PUBLISH
from yiwang.engines.formdesigner.rules.edits import mend
from yiwang.engines.formdesigner.rules.files import SIZE_LIMIT, form_read
from yiwang.engines.formdesigner.views.parts import change_rows, finding_rows, number_of
from yiwang.identity.api import allow
from yiwang.kernel.api import context_get, error_text, flash, render
from yiwang.sdk.packs import PackError


def _uploaded(request: HttpRequest) -> dict | None:
    """Read the file that was sent, None without one. Raises FormFileInvalid with the line."""
    file = request.FILES.get("file")
    if file is None:
        return None
    content = file.read(SIZE_LIMIT + 1)
    if len(content) > SIZE_LIMIT or (file.size or 0) > SIZE_LIMIT:
        raise FormFileInvalid(reason="> 1 MB")
    try:
        return mend(form_read(content.decode("utf-8-sig")))
    except UnicodeDecodeError as error:
        raise FormFileInvalid(reason=f"UTF-8, {error.start}") from error
    except PackError as error:
        first = error.problems[0] if error.problems else None
        reason = f"{first.line}: {first.message}" if first else "YAML"
        raise FormFileInvalid(reason=reason) from error


@allow(populations={"STAFF"}, permission=DESIGN)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Begin a form, from a file or from an empty page (新建表单)."""
    names = ("key", "title_zh", "title_en")
    values = {name: request.POST.get(name, "").strip()[:120] for name in names}
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        errors = {name: [_("Fill this in.")] for name in names if not values[name]}
        try:
            if not errors:
                title = {"zh": values["title_zh"], "en": values["title_en"]}
                made = actions.form_draft_new(
                    values["key"], title=title, definition=_uploaded(request), now=timezone.now()
                )
                return redirect("engines_formdesigner:draft", made.key)
        except (FormKeyInvalid, FormKeyTaken) as error:
            errors = {"key": [error_text(error)]}
        except FormFileInvalid as error:
            errors = {"file": [error_text(error)]}
    names = {"values": values, "errors": errors}
    return render(request, "engines/formdesigner/new.html", names, status=422 if errors else 200)


@allow(populations={"STAFF"}, permission=DESIGN)
@require_POST
def upload(request: HttpRequest, key: str) -> HttpResponse:
    """Put a file in the place of the draft (导入), as the next saving of it."""
    view = actions.form_draft_open(key, now=timezone.now())
    try:
        content = _uploaded(request)
    except FormFileInvalid as error:
        flash(request, "danger", error_text(error))
        return redirect("engines_formdesigner:detail", key)
    if content is None:
        flash(request, "danger", _("Choose the file first."))
        return redirect("engines_formdesigner:detail", key)
    actions.form_draft_change(
        key, change=lambda _old: content, what="upload", revision=view.revision, now=timezone.now()
    )
    flash(request, "success", _("The file is the draft now."))
    return redirect("engines_formdesigner:draft", key)


@allow(populations={"STAFF"}, permission=DESIGN)
@require_POST
def discard(request: HttpRequest, key: str) -> HttpResponse:
    """Throw the draft away (丢弃草稿)."""
    actions.form_draft_discard(key, revision=number_of(request.POST.get("revision", "")))
    flash(request, "success", _("The draft is thrown away."))
    return redirect("engines_formdesigner:list")


@allow(populations={"STAFF"}, permission=PUBLISH)
@require_http_methods(["GET", "HEAD", "POST"])
def publish(request: HttpRequest, key: str) -> HttpResponse:
    """Look through what changed and what the check found, say why, publish (发布)."""
    view = queries.draft_get(key)
    errors: dict[str, list[str]] = {}
    reason = request.POST.get("reason", "").strip()[:2000]
    if request.method == "POST":
        try:
            made = actions.form_draft_publish(
                key,
                revision=number_of(request.POST.get("revision", "")),
                reason=reason,
                now=timezone.now(),
            )
        except ReasonMissing as error:
            errors = {"reason": [error_text(error)]}
        except (NothingChanged, FormDraftChanged) as error:
            errors = {"": [error_text(error)]}
        else:
            text = _(
                "Version %(number)s is published. Matters keep theirs until they take this one."
            )
            flash(request, "success", text % {"number": made.number})
            return redirect("engines_formdesigner:detail", key)
    versions = queries.version_rows(key)
    newest = versions[0].number if versions else 0
    changes = queries.version_changes(key, newest, 0) if newest else []
    waiting, touched = queries.draft_effects(key, newest, changes)
    names = {
        "key": key,
        "draft": view,
        "newest": newest,
        "is_stale": newest > view.base_number,
        "changes": change_rows(changes, touched),
        "waiting": waiting,
        "findings": finding_rows(key, queries.draft_check(view.definition)),
        "is_writer": context_get().account_id in view.writer_ids,
        "reason": reason,
        "errors": errors,
    }
    return render(
        request, "engines/formdesigner/publish.html", names, status=422 if errors else 200
    )
