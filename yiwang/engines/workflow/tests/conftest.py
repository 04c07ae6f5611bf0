import pytest

from yiwang.engines.workflow import registry
from yiwang.engines.workflow.tests.models_of_processes import start_process


@pytest.fixture(autouse=True)
def _no_owners(monkeypatch):
    """The processes of these tests are nobody's: keys like application:1 name no application."""
    monkeypatch.setattr(registry, "OWNERS", {})


@pytest.fixture
def services(monkeypatch):
    """Return what services were called, by name; the registry is a copy for this test."""
    called: list[tuple[str, dict]] = []
    names = {}
    for name in ("accepted", "not_accepted", "issue", "refuse"):
        full = f"hall.applications.{name}"

        def serve(call, full=full):
            called.append((full, dict(call.variables)))

        names[full] = serve
    monkeypatch.setattr(registry, "SERVICES", names)
    for module in ("actions", "activities"):
        monkeypatch.setattr(f"yiwang.engines.workflow.{module}.SERVICES", names)
    return called


@pytest.fixture
def running(db):
    """Return a function that starts a process of this XML and gives its instance's id."""
    return start_process
