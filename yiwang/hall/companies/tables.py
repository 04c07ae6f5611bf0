"""The data of the naming rules (名称规则数据), read once: the shipped file or the city's own."""

import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import yaml
from django.conf import settings

from yiwang.hall.companies.naming import NamingTables, Places, tables_build
from yiwang.kernel.api import code_get, code_list

SHIPPED = Path(__file__).parent / "data_files"
MUNICIPALITIES = ("市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划")


@lru_cache(maxsize=4)
def _tables(path: str) -> NamingTables:
    return tables_build(yaml.safe_load(Path(path).read_text(encoding="utf-8")))


def naming_tables() -> NamingTables:
    """Return the naming rules in force (现行规则); a city's own file is named by COMPANY_NAMING_FILE."""
    return _tables(str(getattr(settings, "COMPANY_NAMING_FILE", "") or SHIPPED / "naming.yaml"))


@lru_cache(maxsize=4)
def _law(path: str) -> Mapping[str, Mapping]:
    return yaml.safe_load(Path(path).read_text(encoding="utf-8"))


def law_rules() -> Mapping[str, Mapping]:
    """Return periods, majorities and articles (登记期限与表决规则); a city's own file is named by COMPANY_LAW_FILE."""
    return _law(str(getattr(settings, "COMPANY_LAW_FILE", "") or SHIPPED / "law.yaml"))


KEPT_SECONDS = 600
_known: dict[str, tuple[float, tuple[str, ...], frozenset[str]]] = {}


def _divisions() -> tuple[tuple[str, ...], frozenset[str]]:
    """Return the names that may stand in front of a name of this region, and those no trade name may be.

    Read once in ten minutes: a new edition of the divisions is there soon enough.
    """
    city, moment = settings.CITY["area_code"], time.monotonic()
    kept = _known.get(city)
    if kept is None or moment - kept[0] > KEPT_SECONDS or not kept[2]:
        kept = _known[city] = (moment, *_divisions_read())
    return kept[1], kept[2]


def places_known() -> Places:
    """Return the divisions with which any name of the region is taken apart (拆分用行政区划)."""
    known, reserved = _divisions()
    return Places(known, frozenset(), reserved)


def _divisions_read() -> tuple[tuple[str, ...], frozenset[str]]:
    names = {
        row.name
        for level in (1, 2, 3)
        for row in code_list("divisions", level=level)
        if row.name not in MUNICIPALITIES
    }
    reserved = names | {short for name in names if len(short := short_place(name)) > 1}
    city = settings.CITY["area_code"]
    near = {row.name for row in code_list("divisions", parent=city)}
    near |= {_name(city), _name(f"{city[:2]}0000")}
    known = {form for name in near for form in (name, short_place(name)) if len(form) > 1}
    return tuple(sorted(known, key=lambda name: (-len(name), name))), frozenset(reserved)


def places_of(area_code: str) -> Places:
    """Return the divisions for the name of a company that sits in a district (可用行政区划).

    A district's name stands after its city's; a county-level city may stand alone. The province's name is for
    the province's registrar. Source: 企业名称登记管理规定实施办法第九条 (memory).
    """
    known, reserved = _divisions()
    city = _name(settings.CITY["area_code"])
    fronts = {city, short_place(city)}
    area = _name(area_code[:6]) if area_code[:6] != settings.CITY["area_code"][:6] else ""
    if area.endswith("区"):
        fronts |= {f"{front}{area}" for front in tuple(fronts)}
    elif area:
        fronts |= {area, short_place(area)}
    return Places(known, frozenset(fronts), reserved)


def short_place(name: str) -> str:
    """Return a division's name without its class (区划简称).

    >>> short_place("苏州市"), short_place("姑苏区"), short_place("江苏省")
    ('苏州', '姑苏', '江苏')
    """
    return name[:-1] if len(name) > 2 and name[-1] in "省市区县" else name


def _name(code: str) -> str:
    found = code_get("divisions", code)
    return found.name if found else ""
