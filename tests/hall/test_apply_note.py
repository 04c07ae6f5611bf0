"""Who cannot apply is told on the guide, not after pressing the button."""

import pytest

START = "/hall/applications/start/322014001000/"
TOLD = {"": "", "elder": "", "agent": "本事项面向个人", "clerk": "您以工作人员身份登录"}


@pytest.mark.parametrize(("username", "words"), TOLD.items())
def test_only_who_may_apply_finds_the_button(city, client, username, words):
    if username:
        client.force_login(city.account(username))
    page = client.get("/hall/matters/322014001000/").content.decode()
    assert (START in page) == (not words)
    assert words in page
    bundle = client.get("/hall/bundles/one_thing.new_resident/").content.decode()
    assert ("/hall/bundles/one_thing.new_resident/start/" in bundle) == (not words)
    assert words in bundle
