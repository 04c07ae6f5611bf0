"""Starting again on data of an older version."""

import pytest

from yiwang.config import start
from yiwang.kernel.api import code_list


@pytest.mark.django_db
def test_a_city_of_before_gets_the_code_tables_that_came_since(monkeypatch):
    monkeypatch.setattr("yiwang.config.demo.city_is_built", lambda: True)
    monkeypatch.setattr("django.core.management.call_command", lambda *names, **options: None)
    monkeypatch.setattr("yiwang.kernel.api.pack_load_all", lambda now: [])
    start._city(persons=1, fresh=False)
    codes = [code.code for code in code_list("legal_clocks")]
    assert "NOTICE" in codes
    start._city(persons=1, fresh=False)
    assert [code.code for code in code_list("legal_clocks")] == codes
