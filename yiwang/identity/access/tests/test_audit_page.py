"""The audit trail's page: for the audit administrator only, searched, paged, exported."""

import pytest

from yiwang.kernel.api import RequestContext, action, audit_record, audit_search, context_use

URL = "/identity/access/audit/"


@action("test.trail.made")
def made(number):
    """Leave a row."""
    audit_record(f"thing:{number}", person_ref="person:7" if number == 3 else "")


@pytest.fixture
def auditor(city, client):
    with context_use(RequestContext(population="STAFF", name="某科员", purpose="审批")):
        for number in range(60):
            made(number)
    client.force_login(city.staff("aud", "AUDIT_ADMIN"))
    return client


def rows(page) -> int:
    return page.content.decode().count("test.<wbr>trail.<wbr>made</code>")


def test_the_newest_stand_first_and_the_next_page_goes_on(auditor):
    first = auditor.get(URL, {"act": "test.trail"})
    assert rows(first) == 50
    text = first.content.decode()
    assert "thing:59" in text
    assert "thing:9<" not in text
    mark = text.split("after=")[1].split('"')[0].split("&")[0]
    second = auditor.get(URL, {"act": "test.trail", "after": mark})
    assert rows(second) == 10


def test_it_is_searched_by_person_subject_and_day(auditor):
    assert rows(auditor.get(URL, {"person": "person:7"})) == 1
    assert rows(auditor.get(URL, {"person": "某科员", "size": "100"})) == 60
    assert rows(auditor.get(URL, {"subject": "thing:5", "size": "100"})) == 11
    assert rows(auditor.get(URL, {"act": "test.trail", "until": "2001-01-01"})) == 0
    assert rows(auditor.get(URL, {"act": "test.trail", "since": "2001-01-01", "size": "100"})) == 60
    assert rows(auditor.get(URL, {"act": "test.trail", "since": "no date", "size": "100"})) == 60
    assert rows(auditor.get(URL, {"act": "test.trail", "after": "forged", "size": "100"})) == 60


def test_an_export_holds_the_filtered_rows_and_is_an_act_itself(auditor):
    answer = auditor.get(URL, {"act": "test.trail", "export": "csv"})
    lines = b"".join(answer.streaming_content).decode().strip().splitlines()
    assert len(lines) == 61
    (entry,) = audit_search(act="identity.access.audit_export")
    assert (entry["actor_name"], entry["detail"]) == ("aud名", {"act": "test.trail"})


@pytest.mark.parametrize("role", ["SYSTEM_ADMIN", "SECURITY_ADMIN", "APPROVER"])
def test_nobody_else_reads_it(city, client, role):
    client.force_login(city.staff("x", role))
    assert client.get(URL).status_code == 403
    assert client.get(URL, {"export": "csv"}).status_code == 403
    assert audit_search(act="identity.access.audit_export") == []
