"""`yw licence`: papers checked by programs, by certificates alone."""

import io
import json

from pypdf import PdfWriter

from yiwang.config import cli
from yiwang.kernel.api import paper_sign, seal_key_get, seal_list
from yiwang.sdk.statements import statement_sign

WORDS = [
    "L1",
    "1.2.156.3005.2.X",
    "202600000001",
    "食品经营许可证",
    "平江小馆",
    "市监局",
    "20261121",
    "20261121",
    "",
]


def test_the_command_checks_texts_and_files_by_certificates_alone(tmp_path, capsys):
    writer, blank = PdfWriter(), io.BytesIO()
    writer.add_blank_page(200, 200)
    writer.write(blank)
    signed = paper_sign(blank.getvalue(), reason="签发", signer="市监局")
    keys, paper, changed = (tmp_path / name for name in ("keys.pem", "paper.pdf", "changed.pdf"))
    keys.write_text(seal_list()[0].certificate_pem)
    paper.write_bytes(signed)
    changed.write_bytes(signed + b"%")
    text = statement_sign(WORDS, key=seal_key_get().key)
    for what, code, state in (
        (text, 0, "INTACT"),
        (f"https://city.example/verify/X/#{text}", 0, "INTACT"),
        (text[:-4] + "AAAA", 1, "CHANGED"),
        (str(paper), 0, "INTACT"),
        (str(changed), 1, "CHANGED"),
    ):
        assert cli.main(["licence", "verify", what, "--keys", str(keys)]) == code
        assert json.loads(capsys.readouterr().out)["state"] == state
    assert cli.main(["licence", "keys"]) == 0
    assert capsys.readouterr().out == keys.read_text()
