"""Departments: one tree, found by function and area, held in memory and never stale."""

import pytest

from yiwang.identity.organisations.actions import (
    ParentInvalid,
    RolesInConflict,
    RolesUnknown,
    department_put,
    departments_load,
    post_put,
    posts_load,
)
from yiwang.identity.organisations.models import Department, Post
from yiwang.identity.organisations.queries import (
    DepartmentUnknown,
    department_below,
    department_by_uscc,
    department_chain,
    department_find,
    department_get,
    department_list,
    post_list,
)
from yiwang.identity.testing import NOW
from yiwang.kernel.api import RequestContext, context_use
from yiwang.sdk.errors import Forbidden

STAFF = RequestContext(population="STAFF", account_id=1)


def put(uscc, parent_id=None, **more):
    values = {"name": "民政局", "function": f"f{uscc}", "level": "CITY", "area_code": "320500"}
    return department_put(uscc, parent_id=parent_id, now=NOW, **{**values, **more})


def test_the_path_is_the_chain_of_ids(city):
    row = Department.objects.get(pk=city.street)
    assert row.path == f"{city.government}/{city.bureau}/{city.district}/{city.street}/"
    assert [view.id for view in department_chain(city.street)] == [
        city.government,
        city.bureau,
        city.district,
        city.street,
    ]


def test_below_is_a_department_and_all_under_it(city):
    assert department_below(city.bureau) == {city.bureau, city.district, city.street}
    assert department_below(city.street) == {city.street}


@pytest.mark.parametrize(
    ("area", "level", "expected"),
    [
        ("320506001002", None, "street"),
        ("320506001", None, "street"),
        ("320506002", None, "district"),
        ("320506", None, "district"),
        ("320507", None, "bureau"),
        ("320506001002", "DISTRICT", "district"),
        ("320506001002", "CITY", "bureau"),
        ("320507", "DISTRICT", "bureau"),
        ("310000", None, None),
    ],
)
def test_the_department_of_an_area_is_found_walking_up(city, area, level, expected):
    found = department_find("civil_affairs", area, level)
    assert (found.id if found else None) == (getattr(city, expected) if expected else None)


def test_an_unknown_function_is_found_nowhere(city):
    assert department_find("lighthouses", "320506001") is None


def test_putting_a_department_twice_changes_it_and_makes_no_second(city, system):
    again = put("2" * 18, city.government, name="苏州市民政局", function="civil_affairs")
    assert again == city.bureau
    assert department_get(city.bureau).name == "苏州市民政局"
    assert Department.objects.count() == 4


def test_moving_a_department_moves_all_below_it(city, system):
    other = put("9" * 18)
    put("2" * 18, other, function="civil_affairs")
    street = Department.objects.get(pk=city.street)
    assert street.path == f"{other}/{city.bureau}/{city.district}/{city.street}/"
    assert city.street in department_below(other)
    assert city.street not in department_below(city.government)


def test_a_department_cannot_stand_below_itself(city, system):
    with pytest.raises(ParentInvalid):
        put("2" * 18, city.street, function="civil_affairs")
    assert department_get(city.bureau).parent_id == city.government
    assert city.street in department_below(city.government)


def test_a_clerk_cannot_change_departments(city):
    with context_use(STAFF), pytest.raises(Forbidden):
        put("2" * 18, name="x")
    assert department_get(city.bureau).name == "civil_affairs CITY 320500"


def test_the_tree_costs_one_query_a_request_and_is_loaded_once(city, django_assert_num_queries):
    department_get(city.bureau)
    with context_use(RequestContext(population="STAFF", account_id=2)):
        with django_assert_num_queries(1):
            department_get(city.bureau)
            department_below(city.bureau)
            department_find("civil_affairs", "320506")


def test_a_change_by_another_process_is_seen_in_the_next_request(city):
    department_get(city.bureau)
    Department.objects.filter(pk=city.bureau).update(name="改名")
    from yiwang.identity.organisations.models import DirectoryVersion

    with context_use(RequestContext(population="STAFF", account_id=2)):
        assert department_get(city.bureau).name != "改名"
    DirectoryVersion.objects.update(token="written elsewhere")
    with context_use(RequestContext(population="STAFF", account_id=3)):
        assert department_get(city.bureau).name == "改名"


def test_an_unknown_department_is_said_to_be_unknown(city):
    with pytest.raises(DepartmentUnknown) as refused:
        department_get(987654)
    assert str(refused.value) == "The department 987654 does not exist."


ROWS = [
    {
        "uscc": "C",
        "name": "c",
        "function": "x",
        "level": "STREET",
        "area_code": "320506001",
        "parent_uscc": "B",
    },
    {"uscc": "A", "name": "a", "function": "x", "level": "CITY", "area_code": "320500"},
    {
        "uscc": "B",
        "name": "b",
        "function": "x",
        "level": "DISTRICT",
        "area_code": "320506",
        "parent_uscc": "A",
    },
]


def test_loading_builds_the_tree_in_any_order_and_twice_is_once(db, system):
    assert departments_load(ROWS, now=NOW) == 3
    assert departments_load(ROWS, now=NOW) == 3
    a, b, c = (department_by_uscc(uscc) for uscc in "ABC")
    assert c.path == f"{a.id}/{b.id}/{c.id}/"
    assert department_below(a.id) == {a.id, b.id, c.id}
    assert Department.objects.filter(is_made=True).count() == 3


def test_a_circle_in_the_rows_loads_nothing(db, system):
    rows = [{**ROWS[1], "parent_uscc": "C"}, ROWS[0], ROWS[2]]
    with pytest.raises(ParentInvalid):
        departments_load(rows, now=NOW)
    assert Department.objects.count() == 0
    assert department_list() == []


def test_a_superior_that_does_not_exist_loads_nothing(db, system):
    with pytest.raises(DepartmentUnknown):
        departments_load([{**ROWS[0], "parent_uscc": "Z"}], now=NOW)
    assert Department.objects.count() == 0


def test_posts_are_loaded_by_department_and_title(db, system):
    departments_load(ROWS, now=NOW)
    rows = [{"department_uscc": "A", "title": "窗口", "roles": ["WINDOW_CLERK"]}]
    posts_load(rows, now=NOW)
    posts_load([{**rows[0], "roles": ["WINDOW_CLERK", "REVIEWER"]}], now=NOW)
    (post,) = post_list(department_id=department_by_uscc("A").id)
    assert post.roles == ("REVIEWER", "WINDOW_CLERK")


@pytest.mark.parametrize(
    "roles",
    [
        ("SYSTEM_ADMIN", "SECURITY_ADMIN"),
        ("SYSTEM_ADMIN", "AUDIT_ADMIN"),
        ("SECURITY_ADMIN", "AUDIT_ADMIN"),
        ("SYSTEM_ADMIN", "SECURITY_ADMIN", "AUDIT_ADMIN"),
    ],
)
def test_no_post_holds_two_of_the_three_administrators(city, system, roles):
    with pytest.raises(RolesInConflict):
        post_put(city.bureau, title="全能", roles=roles, now=NOW)
    assert Post.objects.count() == 0


def test_a_role_that_does_not_exist_is_refused(city, system):
    with pytest.raises(RolesUnknown) as refused:
        post_put(city.bureau, title="x", roles=["EMPEROR"], now=NOW)
    assert str(refused.value) == "These roles do not exist: EMPEROR."


def test_the_directory_shows_the_tree_and_one_department(city, client):
    page = client.get("/identity/organisations/").content.decode()
    assert f'href="/identity/organisations/{city.government}/"' in page
    page = client.get(f"/identity/organisations/{city.bureau}/").content.decode()
    assert "0512-12345" in page
    assert "civil_affairs DISTRICT 320506" in page


def test_the_directory_says_how_many_stand_below_and_at_each_level(city, client):
    client.cookies["django_language"] = "en"
    page = client.get("/identity/organisations/").content.decode()
    assert "1 below it" in page
    assert "?level=STREET" in page


def test_the_directory_is_searched_by_name_and_level(city, client):
    page = client.get(
        "/identity/organisations/", {"q": "affairs", "level": "STREET"}
    ).content.decode()
    assert "civil_affairs STREET 320506001" in page
    assert "civil_affairs CITY 320500" not in page
    assert client.get("/identity/organisations/99999/").status_code == 404
