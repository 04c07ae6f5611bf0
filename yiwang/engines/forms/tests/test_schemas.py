"""Any JSON Schema 2020-12: the official suite, and what a breach says."""

import gzip
import json
from pathlib import Path

import pytest

from yiwang.engines.forms.commands import validate
from yiwang.engines.forms.schemas import (
    SchemaInvalid,
    SchemaResources,
    schema_open,
    schema_validate,
)

SUITE = json.loads(
    gzip.decompress((Path(__file__).parent / "data" / "json_schema_2020_12.json.gz").read_bytes())
)
REMOTES = SchemaResources(
    {f"http://localhost:1234/{path}": document for path, document in SUITE["remotes"].items()}
)
PERSON = {
    "title": "申请",
    "properties": {
        "name": {"type": "string", "title": "姓名", "minLength": 2},
        "age": {"type": "integer", "minimum": 18},
        "card": {"format": "id-number"},
    },
    "required": ["name"],
    "additionalProperties": False,
}


def suite_failures(name: str) -> tuple[int, list[str]]:
    """Run one file of the suite: how many cases, and which are answered wrongly."""
    formats = name.startswith("optional/format/") or name == "optional/format-assertion.json"
    count, wrong = 0, []
    for group in SUITE["files"][name]:
        validator = schema_open(group["schema"], formats=formats, resources=REMOTES)
        for case in group["tests"]:
            count += 1
            if validator.is_valid(case["data"]) is not case["valid"]:
                wrong.append(f"{name}: {group['description']}: {case['description']}")
    return count, wrong


def test_all_2225_cases_of_the_official_suite_pass():
    results = {name: suite_failures(name) for name in SUITE["files"]}
    assert [each for _count, wrong in results.values() for each in wrong] == []
    assert len(results) == 80
    assert sum(count for count, _wrong in results.values()) == 2225
    required = [count for name, (count, _) in results.items() if not name.startswith("optional/")]
    assert (len(required), sum(required)) == (46, 1299)


@pytest.mark.heavy
def test_all_2225_cases_pass_through_the_command_too(tmp_path):
    for path, document in SUITE["remotes"].items():
        place = tmp_path / "remotes" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(document))
    given = [f"{tmp_path / 'remotes'}=http://localhost:1234/"]
    wrong, count = [], 0
    for name, groups in SUITE["files"].items():
        formats = name.startswith("optional/format/") or name == "optional/format-assertion.json"
        for group in groups:
            (tmp_path / "s.json").write_text(text := json.dumps(group["schema"]))
            refs = given if "localhost" in text else ()
            for case in group["tests"]:
                (tmp_path / "d.json").write_text(json.dumps(case["data"]))
                files = tmp_path / "s.json", tmp_path / "d.json"
                code, answer = run(*files, formats=formats, refs=refs)
                count += 1
                if answer["valid"] is not case["valid"] or code == case["valid"]:
                    wrong.append(f"{name}: {group['description']}: {case['description']}")
    assert (count, wrong) == (2225, [])


def test_every_breach_has_its_places_and_a_sentence_in_both_languages():
    found = schema_validate(PERSON, {"name": "沈", "age": 17, "card": "1", "x": 1})
    assert {(one.instance_path, one.schema_path): one.message["zh"] for one in found} == {
        ("/name", "/properties/name/minLength"): "“姓名”至少要有 2 个字，现有 1 个。",
        ("/age", "/properties/age/minimum"): "“age”不能小于 18。",
        ("/card", "/properties/card/format"): "“card”应当是 18 位公民身份号码（末位为校验码），请对照身份证检查。",
        ("", "/additionalProperties"): "“申请”中有不该出现的内容：x。",
    }  # fmt: skip
    missing = schema_validate(PERSON, {})
    assert [one.message for one in missing] == [
        {"zh": "缺少“姓名”，请填写。", "en": "姓名 is missing. Please fill it in."}
    ]


def test_why_no_alternative_fits_is_told():
    schema = {"anyOf": [{"type": "string"}, {"minimum": 5}]}
    (problem,) = schema_validate(schema, 3)
    assert problem.keyword == "anyOf"
    assert [one.message["en"] for one in problem.causes] == [
        "The whole document must be text.",
        "The whole document must be 5 or more.",
    ]


def test_a_title_is_found_through_a_reference():
    schema = {
        "$defs": {"a": {"title": "甲", "minLength": 3}},
        "properties": {"k": {"$ref": "#/$defs/a"}},
    }
    assert schema_validate(schema, {"k": "1"})[0].message["zh"].startswith("“甲”至少")


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "text"}, "at /type"),
        ({"pattern": "("}, "at /pattern"),
        ({"$ref": "#/$defs/none"}, "does not exist"),
        ({"$ref": "https://example.cn/none.json"}, "Nothing is fetched from the network"),
        (5, "boolean"),
    ],
)
def test_a_schema_that_does_not_hold_says_where(schema, reason):
    with pytest.raises(SchemaInvalid, match=reason):
        schema_validate(schema, 1)


def run(schema, data, *, formats: bool = True, refs=()) -> tuple[int, dict]:
    said: list[str] = []
    code = validate(
        str(schema), str(data), formats=formats, refs=refs, compact=True, echo=said.append
    )
    return code, json.loads("".join(said))


@pytest.fixture
def folder(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return write


def test_the_command_answers_valid_with_0_and_every_breach_with_1(folder):
    schema = folder("schema.json", PERSON)
    assert run(schema, folder("ok.json", {"name": "沈月琴"})) == (
        0,
        {"valid": True, "draft": "2020-12", "formats": "checked", "errors": []},
    )
    code, answer = run(schema, folder("bad.json", {"age": 1}))
    assert (code, answer["valid"], len(answer["errors"])) == (1, False, 2)
    assert sorted(one["instance_path"] for one in answer["errors"]) == ["", "/age"]


def test_the_command_can_take_formats_as_remarks(folder):
    schema, data = folder("s.json", {"format": "date"}), folder("d.json", '"13"')
    assert run(schema, data)[0] == 1
    assert run(schema, data, formats=False)[0] == 0


def test_the_command_follows_references_into_a_given_folder_only(folder, tmp_path):
    (tmp_path / "refs").mkdir()
    folder("refs/age.json", {"minimum": 18})
    schema = folder("s.json", {"$ref": "http://example.cn/age.json"})
    data = folder("d.json", "17")
    refs = f"{tmp_path / 'refs'}=http://example.cn/"
    code, answer = run(schema, data, refs=[refs])
    assert (code, answer["errors"][0]["keyword"]) == (1, "minimum")
    code, answer = run(schema, data)
    assert (code, answer["failure"]["code"]) == (1, "schema_invalid")


def test_a_relative_reference_is_looked_for_beside_the_schema_and_not_above(folder, tmp_path):
    (tmp_path / "in").mkdir()
    folder("in/age.json", {"minimum": 18})
    folder("secret.json", {"minimum": 18})
    data = folder("d.json", "17")
    inside = folder("in/s.json", {"properties": {"x": True}, "$ref": "age.json"})
    assert run(inside, data)[1]["errors"][0]["keyword"] == "minimum"
    above = folder("in/t.json", {"$ref": "../secret.json"})
    assert run(above, data)[1]["failure"]["code"] == "schema_invalid"


@pytest.mark.parametrize(
    ("content", "said"),
    [('{"a":', "line 1, column 6"), ("NaN", "NaN is not a JSON number"), ("[" * 99_999, "")],
)
def test_the_command_explains_a_file_that_is_no_json(folder, content, said):
    code, answer = run(folder("s.json", {}), folder("d.json", content))
    assert (code, answer["valid"], answer["failure"]["code"]) == (1, False, "file_unreadable")
    assert said in answer["failure"]["message"]["zh"]


def test_the_command_explains_a_file_that_is_not_there(folder, tmp_path):
    code, answer = run(folder("s.json", {}), tmp_path / "none.json")
    assert code == 1
    assert "找不到文件" in answer["failure"]["message"]["en"]


@pytest.mark.parametrize(
    ("schema", "content", "code", "said"),
    [
        ({"pattern": "^(a+)+$"}, f'"{"a" * 50_000}b"', "", "(^(a+)+$)"),
        ({"pattern": r"^(a|b|ab)*(?=c)\1(?<!d)$"}, f'"{"ab" * 30}"', "", r"(^(a|b|ab)*(?=c)\1(?<!d)$)"),
        ({"pattern": "((a{1,1000}){1,1000}){1,1000}"}, '"a"', "schema_invalid", "at /pattern"),
        ({"const": 5}, "[" * 400 + "]" * 400, "data_uncheckable", "nested too deep"),
        ({"type": "string"}, '"\\ud800"', "data_uncheckable", "not Unicode"),
        ({"type": "integer"}, "1e400", "file_unreadable", "1e400 is too large a number"),
    ],
)  # fmt: skip
def test_what_would_hang_or_break_a_validator_is_answered(folder, schema, content, code, said):
    status, answer = run(folder("s.json", schema), folder("d.json", content))
    assert (status, answer["valid"]) == (1, False)
    assert answer.get("failure", {}).get("code", "") == code
    text = answer["failure"]["message"]["en"] if code else answer["errors"][0]["message"]["en"]
    assert said in text
