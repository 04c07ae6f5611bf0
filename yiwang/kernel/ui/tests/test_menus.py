"""Menus: each shell shows what the person may open."""

import pytest
from django.test import RequestFactory

from yiwang.kernel.audit.context import RequestContext
from yiwang.kernel.ui import menus
from yiwang.kernel.ui.policies import RoutePolicy

CLERK = RequestContext(population="STAFF", permissions=frozenset({"work"}))


@pytest.fixture(autouse=True)
def _own_entries(monkeypatch):
    monkeypatch.setattr(menus, "_entries", {})


def titles(shell, context=CLERK):
    request = RequestFactory().get("/ui/")
    return [link.title for link in menus.menu_list(shell, context=context, request=request)]


def test_entries_come_in_order_and_only_in_their_shell():
    menus.menu_register("desk", "Work", "Second", "kernel_ui:gallery", order=2)
    menus.menu_register("desk", "Work", "First", "kernel_ui:healthz", order=1)
    menus.menu_register("portal", "", "Elsewhere", "kernel_ui:gallery")
    assert titles("desk") == ["First", "Second"]


def test_an_entry_needs_its_permission():
    menus.menu_register("desk", "Work", "To do", "kernel_ui:gallery", permission="work")
    assert titles("desk") == ["To do"]
    assert titles("desk", RequestContext()) == []


def test_an_entry_whose_page_is_for_other_people_is_left_out(monkeypatch):
    agents_only = RoutePolicy(frozenset({"AGENT"}))
    monkeypatch.setattr(menus, "_policy_of", lambda url_name: agents_only)
    menus.menu_register("space", "", "Projects", "kernel_ui:gallery")
    for population, expected in (("AGENT", ["Projects"]), ("CITIZEN", [])):
        assert titles("space", RequestContext(population=population, account_id=1)) == expected
    assert titles("space", RequestContext()) == ["Projects"]


def test_an_entry_whose_page_does_does_not_exist_is_left_out():
    menus.menu_register("desk", "Work", "Later", "nowhere:page")
    assert titles("desk") == []


def test_a_count_is_asked_with_the_persons_context_and_the_place_is_marked():
    menus.menu_register(
        "desk", "Work", "To do", "kernel_ui:gallery", count=lambda context: len(context.permissions)
    )
    [link] = menus.menu_list("desk", context=CLERK, request=RequestFactory().get("/ui/"))
    assert (link.count, link.active, link.href) == (1, True, "/ui/")


def test_a_menu_of_an_unknown_shell_is_refused():
    with pytest.raises(ValueError, match="kiosk"):
        menus.menu_register("kiosk", "", "x", "kernel_ui:gallery")


def test_a_page_below_another_ones_address_marks_only_its_own_entry():
    menus.menu_register("desk", "Work", "All", "kernel_ui:gallery", order=1)
    menus.menu_register("desk", "Work", "Search", "kernel_ui:gallery_search", order=2)
    request = RequestFactory().get("/ui/search/")
    links = menus.menu_list("desk", context=CLERK, request=request)
    assert [(link.title, link.active) for link in links] == [("All", False), ("Search", True)]
