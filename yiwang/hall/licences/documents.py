"""The document of a licence (证照版式文件): typeset and signed once, stored by its content, read many times.

What is typeset is the same bytes each time; the signature has the moment in it at which it was made, so a file is signed
once and kept. One that was lost is signed again: both are good, and each says when it was signed.
"""

import hashlib

from django.core.files.storage import default_storage

from yiwang.engines.api import attachment_open
from yiwang.hall.licences.data import LicenceView
from yiwang.hall.licences.models import Licence
from yiwang.hall.licences.queries import licence_get
from yiwang.hall.licences.typesetting import document_make
from yiwang.identity.api import data_scope
from yiwang.kernel.api import (
    action,
    audit_record,
    content_keep,
    context_system,
    context_use,
    paper_sign,
)
from yiwang.resources.api import photo_get
from yiwang.sdk.errors import YiwangError

IMAGE_PPI = 110
PURPOSE = "签发证照"


def licence_document_get(licence_id: int) -> bytes:
    """Return the PDF of a licence (证照文件) that the acting person may see.

    A good licence's stored file, made on the spot when it is not there yet or was damaged; a
    licence that is no longer good is typeset anew, with the word across it, and not stored.
    """
    licence = licence_get(licence_id)
    if not licence.is_good:
        return document_make(licence)
    return _stored(licence) or licence_document_store(licence_id)


def licence_image_get(licence_id: int) -> bytes:
    """Return a picture (证照图像) of a licence that the acting person may see, as PNG.

    It is kept beside the PDF: the registry is asked for the portrait once, not at every look.
    """
    licence = licence_get(licence_id)
    if not licence.is_good:
        return document_make(licence, form="png", ppi=IMAGE_PPI)
    digest = hashlib.sha256(licence_document_get(licence_id)).hexdigest()
    kept = _read(_path(licence, digest, "png"))
    if kept is None:
        licence_document_store(licence_id)
        kept = _read(_path(licence, digest, "png"))
    return kept or document_make(licence, form="png", ppi=IMAGE_PPI)


def licence_document_store(licence_id: int) -> bytes:
    """Typeset a licence, sign it and keep the file (制作证照文件).

    Again gives the kept file, as long as what is typeset is the same. One no longer good is neither signed nor kept.
    """
    with context_use(context_system(PURPOSE, name="hall.licences.document")):
        licence = licence_get(licence_id)
        photo = _photo(licence) if licence.is_good else None
        body = document_make(licence, photo=photo)
        if not licence.is_good:
            return body
        content = _signed(licence, body)
        digest = hashlib.sha256(content).hexdigest()
        _keep(_path(licence, digest), content)
        if not default_storage.exists(_path(licence, digest, "png")):
            image = document_make(licence, photo=photo, form="png", ppi=IMAGE_PPI)
            _keep(_path(licence, digest, "png"), image)
        if digest != licence.document_sha256:
            _note(licence.id, path=_path(licence, digest), digest=digest)
    return content


def _signed(licence: LicenceView, body: bytes) -> bytes:
    """Return the kept file when it is this very body that was signed, else sign it."""
    kept = _stored(licence)
    if kept is not None and kept.startswith(body):
        return kept
    return paper_sign(body, reason=f"签发{licence.title['zh']}", signer=licence.issuer_name)


def _keep(path: str, content: bytes) -> None:
    if _read(path) != content:
        content_keep(path, content)


@action("hall.licences.document_store")
def _note(licence_id: int, *, path: str, digest: str) -> None:
    with data_scope(purpose=PURPOSE, reason=f"licence:{licence_id}"):
        Licence.objects.filter(pk=licence_id).update(document_path=path, document_sha256=digest)
    audit_record(f"licence:{licence_id}", detail={"sha256": digest})


def _stored(licence: LicenceView) -> bytes | None:
    if not licence.document_sha256:
        return None
    content = _read(_path(licence, licence.document_sha256))
    if content is None or hashlib.sha256(content).hexdigest() != licence.document_sha256:
        return None
    return content


def _path(licence: LicenceView, digest: str, form: str = "pdf") -> str:
    return f"licences/{licence.issued_at:%Y}/{digest}.{form}"


def _read(path: str) -> bytes | None:
    try:
        with default_storage.open(path) as file:
            return file.read()
    except FileNotFoundError:
        return None


def _photo(licence: LicenceView) -> bytes | None:
    """Return the portrait: what the applicant sent, else the registry's, else none."""
    if not licence.has_photo:
        return None
    given = next((entry["value"] for entry in licence.face if entry["name"] == "photo"), None)
    try:
        if isinstance(given, int) or str(given).isdigit():
            with attachment_open(int(given)) as file:
                return file.read()
        return photo_get(licence.holder_ref.removeprefix("person:"), purpose=PURPOSE)
    except YiwangError:
        # No portrait anywhere: the card has a silhouette, the licence is issued all the same.
        return None
