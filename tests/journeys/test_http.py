"""The three main journeys over HTTP, without scripts, on a running city."""


def test_the_three_journeys_hold_over_http(walked):
    code, said = walked

    assert code == 0, "\n".join(said)
    assert said[-1] == "\nAll 33 steps held."
