"""The pack contract (应用包约定): what a pack is made of, read with file and line, pure Python.

    pack = pack_read(Path("yiwang/packs/senior_services"))
    pack.manifest.title["zh"], [file.path for file in pack.section("matters")]

A pack is a folder with `pack.toml`, folders of YAML and BPMN files, sample rows and a journey test.
Nothing here touches a database; the loader is `kernel.packs`, each section has its reader.
"""

from yiwang.sdk.packs.documents import PackError, PackFile, PackProblem, yaml_read
from yiwang.sdk.packs.manifest import Manifest, Pack, PackSection, load_order, pack_read
from yiwang.sdk.packs.matters import (
    FIRST_REVIEW,
    PARALLEL,
    Branch,
    Commitment,
    Eligibility,
    ExpertOpinion,
    Fee,
    LegalBasis,
    Limit,
    Limits,
    Material,
    MatterDefinition,
    MatterResult,
    MayFollow,
    Party,
    Routing,
    definition_dump,
    definition_load,
    matter_check,
    matter_parse,
)

__all__ = [
    "FIRST_REVIEW",
    "PARALLEL",
    "Branch",
    "Commitment",
    "Eligibility",
    "ExpertOpinion",
    "Fee",
    "LegalBasis",
    "Limit",
    "Limits",
    "Manifest",
    "Material",
    "MatterDefinition",
    "MatterResult",
    "MayFollow",
    "Pack",
    "PackError",
    "PackFile",
    "PackProblem",
    "PackSection",
    "Party",
    "Routing",
    "definition_dump",
    "definition_load",
    "load_order",
    "matter_check",
    "matter_parse",
    "pack_read",
    "yaml_read",
]
