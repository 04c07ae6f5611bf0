"""Which window takes which matter (通办范围): pure."""

from collections.abc import Iterable

from yiwang.hall.windows.data import COMMUNITY

PERSON_OBJECT = "1"
AT_A_WINDOW = "1"


def anywhere_by_default(
    *,
    handling_forms: Iterable[str],
    service_objects: Iterable[str],
    branches: int,
    visits: int,
) -> bool:
    """Tell whether a matter that says nothing is taken all over the city (全市通办的默认规则).

    One that people may hand in at a window, for natural persons, of one department, without more than one
    visit. codes: GB/T 39046 A.5 (1 at the window), A.4 (1 natural persons).

    >>> anywhere_by_default(handling_forms=["1", "2"], service_objects=["1"], branches=0, visits=0)
    True
    >>> anywhere_by_default(handling_forms=["1", "2"], service_objects=["1"], branches=3, visits=0)
    False
    """
    at_a_window = AT_A_WINDOW in handling_forms and visits <= 1
    return at_a_window and PERSON_OBJECT in service_objects and not branches


def is_takeable(
    *, kind: str, only: Iterable[str], code: str, can_apply: bool, anywhere: bool
) -> bool:
    """Tell whether a window takes a matter (窗口能否受理): a hall any, a community what is taken anywhere.

    only: the codes to which the window is limited, empty for no limit.
    """
    listed = not (limit := set(only)) or code in limit
    return can_apply and listed and (kind != COMMUNITY or anywhere)


def is_for(kind: str, service_objects: Iterable[str]) -> bool:
    """Tell whether a matter is for applicants of a kind (服务对象): GB/T 39046 A.4, "" for any kind.

    >>> is_for("person", ["1"]), is_for("enterprise", ["1"]), is_for("", ["2"])
    (True, False, True)
    """
    objects = set(service_objects)
    if not kind:
        return True
    return PERSON_OBJECT in objects if kind == "person" else bool(objects - {PERSON_OBJECT})


def is_elsewhere(window_area: str, application_area: str) -> bool:
    """Tell whether a window took a matter of another district (跨区通办): the first six digits differ.

    A city's own department (four digits and zeros) is nobody's elsewhere.

    >>> is_elsewhere("320508001000", "320506"), is_elsewhere("320508001", "320500")
    (True, False)
    """
    district = application_area[:6]
    return not district.endswith("00") and district != window_area[:6]
