"""The only door of the area `resources`: what other areas may use. Keep `__all__` sorted and complete."""

from yiwang.resources.catalogue.actions import (
    crosswalk_put,
    element_put,
    inventory_propose,
    resource_delivered,
    resource_register,
)
from yiwang.resources.catalogue.data import (
    CrosswalkView,
    ElementView,
    FieldSpec,
    ResourceFilter,
    ResourcePage,
    ResourceSpec,
    ResourceView,
)
from yiwang.resources.catalogue.demo import catalogue_demo_load, catalogue_made_put
from yiwang.resources.catalogue.queries import (
    CrosswalkNotFound,
    ResourceNotFound,
    crosswalk_apply,
    crosswalk_get,
    element_list,
    resource_by_id,
    resource_get,
    resource_list,
)
from yiwang.resources.fusion.actions import source_bind
from yiwang.resources.fusion.data import (
    Decision,
    FusionBusy,
    FusionNothing,
    FusionOptions,
    FusionPlan,
    FusionResult,
    FusionSourceBroken,
)
from yiwang.resources.fusion.library import fuse, score
from yiwang.resources.fusion.plans import (
    PLANS,
    REGISTRY_FUNCTIONS,
    REGISTRY_PLANS,
    legal_person_plan,
    population_plan,
)
from yiwang.resources.fusion.queries import bindings
from yiwang.resources.fusion.queries.reviews import pairs_waiting
from yiwang.resources.geospatial.actions import geodata_load
from yiwang.resources.geospatial.data import AreaView, GeoJson
from yiwang.resources.geospatial.queries import (
    area_geojson,
    area_get,
    area_list,
    area_name,
    metro_geojson,
)
from yiwang.resources.housing.actions import event_post as housing_event_post
from yiwang.resources.housing.data import DwellingNotFound, DwellingView, Holding, HousingCheck
from yiwang.resources.housing.demo import housing_demo_load
from yiwang.resources.housing.queries import dwelling_get, housing_check, housing_of
from yiwang.resources.landing.actions import batch_process, batch_receive
from yiwang.resources.landing.data import BatchView, RowOrigin
from yiwang.resources.landing.queries import batch_get, batch_list, feed_files, row_origin
from yiwang.resources.landing.wording import problem_texts as batch_problem
from yiwang.resources.quality.queries import exception_get
from yiwang.resources.registries.actions import (
    enterprise_amend,
    objection_add,
    objection_answer,
    person_verify,
    registries_load,
)
from yiwang.resources.registries.data import (
    ENTERPRISE_FIELDS,
    PERSON_FIELDS,
    EnterpriseView,
    FamilyMember,
    MasterNotThere,
    MasterOvertaken,
    MasterShrinks,
    MasterView,
    NotInRegistry,
    ObjectionAlreadyOpen,
    ObjectionAnswered,
    ObjectionView,
    PersonView,
    PurposeNeeded,
    RegistryValue,
    UnknownField,
)
from yiwang.resources.registries.lineage import person_lineage
from yiwang.resources.registries.masters import master_list
from yiwang.resources.registries.names import LegalName, legal_name_changes
from yiwang.resources.registries.publishing import (
    registry_forward,
    registry_publish,
    registry_rollback,
)
from yiwang.resources.registries.queries import (
    enterprise_get,
    enterprise_values,
    family_list,
    objection_list,
    person_get,
    person_list_by_id_number,
    person_ref_by_account,
    person_ref_by_id_number,
    person_values,
    photo_get,
)
from yiwang.resources.registries.refresh import registry_refresh
from yiwang.resources.registries.rules import ref_make, ref_valid
from yiwang.resources.registries.subjects import (
    person_as_of,
    person_find,
    person_history,
    subject_get,
    subject_ties,
)
from yiwang.resources.virtual.answering import virtual_query
from yiwang.resources.virtual.data import (
    Answer,
    DatasetNotFound,
    FilterSpec,
    MeasureSpec,
    PartReport,
    Query,
    SourceDown,
)
from yiwang.resources.virtual.demo import virtual_demo_load

__all__ = [
    "ENTERPRISE_FIELDS",
    "PERSON_FIELDS",
    "PLANS",
    "REGISTRY_FUNCTIONS",
    "REGISTRY_PLANS",
    "Answer",
    "AreaView",
    "BatchView",
    "CrosswalkNotFound",
    "CrosswalkView",
    "DatasetNotFound",
    "Decision",
    "DwellingNotFound",
    "DwellingView",
    "ElementView",
    "EnterpriseView",
    "FamilyMember",
    "FieldSpec",
    "FilterSpec",
    "FusionBusy",
    "FusionNothing",
    "FusionOptions",
    "FusionPlan",
    "FusionResult",
    "FusionSourceBroken",
    "GeoJson",
    "Holding",
    "HousingCheck",
    "LegalName",
    "MasterNotThere",
    "MasterOvertaken",
    "MasterShrinks",
    "MasterView",
    "MeasureSpec",
    "NotInRegistry",
    "ObjectionAlreadyOpen",
    "ObjectionAnswered",
    "ObjectionView",
    "PartReport",
    "PersonView",
    "PurposeNeeded",
    "Query",
    "RegistryValue",
    "ResourceFilter",
    "ResourceNotFound",
    "ResourcePage",
    "ResourceSpec",
    "ResourceView",
    "RowOrigin",
    "SourceDown",
    "UnknownField",
    "area_geojson",
    "area_get",
    "area_list",
    "area_name",
    "batch_get",
    "batch_list",
    "batch_problem",
    "batch_process",
    "batch_receive",
    "bindings",
    "catalogue_demo_load",
    "catalogue_made_put",
    "crosswalk_apply",
    "crosswalk_get",
    "crosswalk_put",
    "dwelling_get",
    "element_list",
    "element_put",
    "enterprise_amend",
    "enterprise_get",
    "enterprise_values",
    "exception_get",
    "family_list",
    "feed_files",
    "fuse",
    "geodata_load",
    "housing_check",
    "housing_demo_load",
    "housing_event_post",
    "housing_of",
    "inventory_propose",
    "legal_name_changes",
    "legal_person_plan",
    "master_list",
    "metro_geojson",
    "objection_add",
    "objection_answer",
    "objection_list",
    "pairs_waiting",
    "person_as_of",
    "person_find",
    "person_get",
    "person_history",
    "person_lineage",
    "person_list_by_id_number",
    "person_ref_by_account",
    "person_ref_by_id_number",
    "person_values",
    "person_verify",
    "photo_get",
    "population_plan",
    "ref_make",
    "ref_valid",
    "registries_load",
    "registry_forward",
    "registry_publish",
    "registry_refresh",
    "registry_rollback",
    "resource_by_id",
    "resource_delivered",
    "resource_get",
    "resource_list",
    "resource_register",
    "row_origin",
    "score",
    "source_bind",
    "subject_get",
    "subject_ties",
    "virtual_demo_load",
    "virtual_query",
]
