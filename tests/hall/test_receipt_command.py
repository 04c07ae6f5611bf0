"""`yw receipt verify` needs the file and the published roots and nothing else: no database, no network."""

import json

from yiwang.config.cli import main
from yiwang.sdk.history_proofs import FIRST, FORMAT, day_link, event_link, leaf_make, tree_root

KEY, NONCE, DAY = "application:A1", "ab" * 16, "2026-11-18"


def proof_of(events):
    head = FIRST
    for event in events:
        head = event_link(head, event)
    leaf = leaf_make(NONCE, KEY, head)
    root = tree_root([leaf, "0" * 64])
    anchor = {
        "day": DAY,
        "events": len(events),
        "nonce": NONCE,
        "path": [["right", "0" * 64]],
        "count": 2,
        "before": FIRST,
        "link": day_link(FIRST, day=DAY, root=root, count=2),
    }
    return {"format": FORMAT, "key": KEY, "events": events, "anchors": [anchor]}


def test_a_proof_is_verified_from_its_file_and_the_published_roots(tmp_path, capsys):
    proof = proof_of([{"seq": 1, "kind": "STARTED"}, {"seq": 2, "kind": "OPENED"}])
    file, roots = tmp_path / "history.json", tmp_path / "roots.json"
    file.write_text(json.dumps(proof), encoding="utf-8")
    roots.write_text(json.dumps({DAY: proof["anchors"][0]["link"]}), encoding="utf-8")
    assert main(["receipt", "verify", str(file), "--roots", str(roots)]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["is_published"], said["case"], said["events"]) == (True, KEY, 2)
    proof["events"][1]["kind"] = "COMPLETED"
    file.write_text(json.dumps(proof), encoding="utf-8")
    assert main(["receipt", "verify", str(file), "--roots", str(roots)]) == 1
    assert json.loads(capsys.readouterr().out)["problems"] == [
        f"{DAY}: the events do not lead to the root of that day."
    ]
    assert main(["receipt", "verify", str(tmp_path / "none.json")]) == 1
