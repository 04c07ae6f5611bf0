"""The only door of the area `resources`: what other areas may use. Keep `__all__` sorted and complete."""

from yiwang.resources.geospatial.actions import geodata_load
from yiwang.resources.geospatial.data import AreaView, GeoJson
from yiwang.resources.geospatial.queries import (
    area_geojson,
    area_get,
    area_list,
    area_name,
    metro_geojson,
)
from yiwang.resources.registries.actions import objection_add, objection_answer, registries_load
from yiwang.resources.registries.data import (
    PERSON_FIELDS,
    EnterpriseView,
    FamilyMember,
    NotInRegistry,
    ObjectionAlreadyOpen,
    ObjectionAnswered,
    ObjectionView,
    PersonView,
    PurposeNeeded,
    RegistryValue,
    UnknownField,
)
from yiwang.resources.registries.queries import (
    enterprise_get,
    enterprise_values,
    family_list,
    objection_list,
    person_get,
    person_list_by_id_number,
    person_ref_by_account,
    person_values,
    photo_get,
)
from yiwang.resources.registries.rules import ref_make, ref_valid

__all__ = [
    "PERSON_FIELDS",
    "AreaView",
    "EnterpriseView",
    "FamilyMember",
    "GeoJson",
    "NotInRegistry",
    "ObjectionAlreadyOpen",
    "ObjectionAnswered",
    "ObjectionView",
    "PersonView",
    "PurposeNeeded",
    "RegistryValue",
    "UnknownField",
    "area_geojson",
    "area_get",
    "area_list",
    "area_name",
    "enterprise_get",
    "enterprise_values",
    "family_list",
    "geodata_load",
    "metro_geojson",
    "objection_add",
    "objection_answer",
    "objection_list",
    "person_get",
    "person_list_by_id_number",
    "person_ref_by_account",
    "person_values",
    "photo_get",
    "ref_make",
    "ref_valid",
    "registries_load",
]
