"""`yw keys`: what stands under which key, and a new one in front."""

import pytest
from django.contrib.auth import get_user_model

from yiwang.config.cli import main
from yiwang.identity.api import account_create, seal_key_new
from yiwang.kernel.api import context_system, context_use


@pytest.fixture
def officer(db, settings, tmp_path):
    from django.utils import timezone

    from yiwang.identity.accounts.second_factor import totp_seal

    settings.FIELD_KEYS, settings.FIELD_KEYS_FILE = "", str(tmp_path / "field.keys")
    with context_use(context_system("test")):
        key = account_create("li", population="STAFF", name="李", now=timezone.now())
    rows = get_user_model().objects.filter(pk=key)
    rows.update(totp_secret=totp_seal("li", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"))
    return rows


def test_keys_are_shown_and_rotated_and_a_missing_one_is_a_fault(
    officer, settings, tmp_path, capsys
):
    assert main(["keys", "show"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[1:] == ["1", "seals"]
    before = officer.get().totp_secret
    assert main(["keys", "rotate"]) == 0
    assert capsys.readouterr().out.endswith("1 sealed again\n")
    assert officer.get().totp_secret != before
    assert main(["keys", "show"]) == 0
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()[1:]] == ["1", "0"]
    settings.FIELD_KEYS = seal_key_new()
    assert main(["keys", "show"]) == 1
    assert "KEY MISSING" in capsys.readouterr().out
    assert main(["keys", "rotate"]) == 1
    assert "YIWANG_FIELD_KEYS" in capsys.readouterr().err


def test_a_new_key_is_printed(capsys):
    assert main(["keys", "new"]) == 0
    assert len(capsys.readouterr().out.strip()) == 43
