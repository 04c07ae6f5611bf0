"""Values of the pack loader."""

from dataclasses import dataclass

from yiwang.sdk.packs import PackProblem


@dataclass(frozen=True, slots=True)
class PackState:
    """How a pack stands (应用包状态). state: LOADED, FAILED, SKIPPED or MISSING."""

    pack: str
    title: dict[str, str]
    owner: str
    version: str
    loaded_version: str
    state: str
    problems: tuple[PackProblem, ...]
    changed: bool = False

    @property
    def is_sound(self) -> bool:
        """Tell whether the pack runs as its files say."""
        return self.state == "LOADED"
