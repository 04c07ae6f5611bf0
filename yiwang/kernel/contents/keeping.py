"""What is kept of files under a path of its digest is there whole or not at all, however many bring it at once."""

import os
from datetime import datetime

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage


def content_keep(path: str, content: bytes) -> None:
    """Keep a content under a path of the default storage (存放内容), in place of what may stand there.

    It is written beside and then moved there, so that no reader meets half of it and two that keep the same
    content at once take nothing from each other. The storage is one with folders of this machine.
    """
    written = default_storage.save(f"{path}.part", ContentFile(content))
    os.replace(default_storage.path(written), default_storage.path(path))


def content_drop(path: str, *, before: datetime) -> bool:
    """Throw away a content that came before a moment (删除内容); False if it has come anew or is gone."""
    try:
        if default_storage.get_modified_time(path) >= before:
            return False
    except FileNotFoundError:
        return False
    default_storage.delete(path)
    return True
