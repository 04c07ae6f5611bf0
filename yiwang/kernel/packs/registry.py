"""Which app reads which section (应用包章节登记); filled when the apps start."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from yiwang.sdk.packs import PackSection


class SectionReader(Protocol):
    """Reads one section of one pack, writes it, and returns what others may refer to, by name."""

    def __call__(self, section: PackSection, *, now: datetime) -> dict[str, object] | None: ...


@dataclass(frozen=True, slots=True)
class Section:
    """A section and its reader; `order` puts those referred to before those that refer.

    check_only: read by `yw pack check` alone, for what may rest on data of the installation.
    """

    name: str
    reader: SectionReader
    order: int
    check_only: bool = False


_sections: dict[str, Section] = {}


def pack_section_register(
    name: str,
    reader: Callable[..., dict[str, object] | None],
    *,
    order: int = 50,
    check_only: bool = False,
) -> None:
    """Let `reader` read a section (应用包章节) of every pack.

    name: a folder ("matters") or one file ("synonyms.yaml"); values returned must be JSON.
    order: codes 5, synonyms 8, forms 10, workflows 20, licences 30, matters 40, sample 60.
    check_only: `yw pack check` reads it, loading does not.
    """
    _sections[name] = Section(name, reader, order, check_only)


def section_list() -> list[Section]:
    """List the sections in the order in which they are read."""
    return sorted(_sections.values(), key=lambda section: (section.order, section.name))
