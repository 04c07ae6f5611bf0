"""Uploads (上传) are counted while they stream in; what is too large is never kept.

A request larger than its limit is not read at all. Within it, a file over the limit of a file is read
to its end and thrown away piece by piece, so that the fields typed beside it arrive and the page can
say, beside the field, how large the file was. Memory holds one piece of 64 KB at a time.
"""

import io

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest

from yiwang.sdk.errors import N_, YiwangError

MB = 1024 * 1024


class UploadTooLarge(YiwangError):
    """A request is larger than anything that this address takes; it was not read."""

    code = "upload_too_large"
    status = 413
    message = N_(
        "You sent %(size)s MB; at most %(limit)s MB are taken at once. Nothing of it was read, and what "
        "you had saved before is still there. Go back and send smaller files, one after the other."
    )


class OversizedFile(UploadedFile):
    """A file that was counted and not kept: its true size, its name, no content."""

    is_kept = False

    def chunks(self, chunk_size: int | None = None):
        return iter(())


class CountingUploadHandler(FileUploadHandler):
    """The first of the upload handlers (上传计数): lets through what is within the limits."""

    kept = 0

    def handle_raw_input(self, input_data, META, content_length, boundary, encoding=None):  # noqa: N803, PLR0913
        file_mb, request_mb = upload_limits(self.request.path)
        self.file_limit, self.request_limit = file_mb * MB, request_mb * MB

    def new_file(self, *args: object, **kwargs: object) -> None:
        super().new_file(*args, **kwargs)
        self.is_over = False

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        size = start + len(raw_data)
        if size > self.file_limit or self.kept + len(raw_data) > self.request_limit:
            self.is_over = True
        if self.is_over:
            return None
        self.kept += len(raw_data)
        return raw_data

    def file_complete(self, file_size: int) -> OversizedFile | None:
        if not self.is_over:
            return None
        return OversizedFile(io.BytesIO(), self.file_name, self.content_type, file_size)


def upload_limits(path: str) -> tuple[int, int]:
    """Return how many MB (上传上限) an address takes: of one file, and of a whole request."""
    limits = settings.UPLOAD_LIMITS_MB
    return limits[max((prefix for prefix in limits if path.startswith(prefix)), key=len)]


def upload_check(request: HttpRequest) -> None:
    """Refuse a request by its announced length (请求长度检查), before a byte of it is read.

    Raises UploadTooLarge. A body without an announced length is none for the server.
    """
    announced = request.META.get("CONTENT_LENGTH") or "0"
    size = int(announced) if announced.isdecimal() else 0
    if size > MB and size > (limit := upload_limits(request.path)[1]) * MB:
        raise UploadTooLarge(size=-(-size // MB), limit=limit)


def upload_overflow(request: HttpRequest) -> bool:
    """Tell whether a file of this request was too large to be kept (有文件超限)."""
    return any(
        isinstance(file, OversizedFile) for files in request.FILES.lists() for file in files[1]
    )
