"""What import-linter cannot see of the house: directions of keys, one name, doors, sizes, words."""

import ast
import importlib
import re
import subprocess
from pathlib import Path

import pytest
from django.apps import apps
from django.db.models import ForeignKey
from django.urls import URLPattern, URLResolver, get_resolver

ROOT = Path(__file__).resolve().parents[2]
HOUSE = ROOT / "yiwang"
LAYERS = [
    {"config"},
    {"portal"},
    {"insight", "governance", "computing", "office"},
    {"domains"},
    {"cases"},
    {"hall"},
    {"resources"},
    {"engines"},
    {"identity"},
    {"kernel"},
    {"sdk"},
]
# Rooms that no work needs yet do not exist yet.
AREAS = sorted(a for a in set().union(*LAYERS) - {"config", "sdk"} if (HOUSE / a).is_dir())
FILE_LINES = 600
FUNCTION_LINES = 60
# What no file may give away: where it was written, and from where its author's tools were fetched.
FOREIGN = re.compile(
    r"(?<![\w.}>/-])/(?:work|home|Users|root|tmp/team|tmp/lead)/"
    r"|\b(?:pypi|npmjs|pythonhosted|crates|golang)\.(?:org|com|io)\b"
    r"|\bLEAD\b|\bsub-?agents?\b|\bsession of work\b|\bhelper sessions?\b"
)
FORBIDDEN_NAMES = {"utils", "helpers", "common", "managers", "signals"}


def layer_of(area: str) -> int:
    """Return how high an area stands; 0 is the top."""
    return next(i for i, names in enumerate(LAYERS) if area in names)


def our_apps():
    return [config for config in apps.get_app_configs() if config.name.startswith("yiwang.")]


def our_models():
    # Some tests of an app bring a table of their own into it.
    models = [model for config in our_apps() for model in config.get_models()]
    return [model for model in models if ".tests." not in model.__module__]


def python_files():
    return [
        path
        for path in HOUSE.rglob("*.py")
        if "migrations" not in path.parts and "tests" not in path.parts
    ]


def test_foreign_keys_point_down_or_stay_inside_the_area():
    wrong = []
    for model in our_models():
        area = model.__module__.split(".")[1]
        for field in model._meta.get_fields():
            if not isinstance(field, ForeignKey):
                continue
            target = field.related_model.__module__.split(".")
            if target[0] != "yiwang" or target[1] == area:
                continue
            if layer_of(target[1]) <= layer_of(area):
                wrong.append(f"{model._meta.label}.{field.name} points up to {target[1]}")
            if field.remote_field.related_name != "+":
                wrong.append(f"{model._meta.label}.{field.name} needs related_name='+'")
    assert wrong == []


def test_package_label_and_address_are_one_name():
    wrong = []
    for config in our_apps():
        _, area, app = config.name.split(".")
        if config.label != f"{area}_{app}":
            wrong.append(f"{config.name} has the label {config.label}")
        folder = Path(config.path) / "templates"
        if folder.exists():
            inside = {path.name for path in folder.iterdir()}
            if inside - {area} or not (folder / area / app).is_dir():
                wrong.append(f"{config.name}: templates must stand in templates/{area}/{app}/")
    assert wrong == []


def test_every_route_of_an_app_stands_under_its_name():
    wrong = []
    for route, namespace, _callback in routes():
        if namespace in ("", "kernel_ui"):
            continue
        name = namespace.removeprefix("api_").replace("_", "/", 1)
        prefix = f"api/v1/{name}/" if namespace.startswith("api_") else f"{name}/"
        if not route.startswith(prefix):
            wrong.append(f"{namespace} serves {route}")
    assert wrong == []


def routes(resolver: URLResolver | None = None, prefix: str = "", namespace: str = ""):
    """Yield (route, namespace, view) of every address of ours."""
    for entry in (resolver or get_resolver()).url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry, route, entry.namespace or namespace)
        elif isinstance(entry, URLPattern):
            yield route, namespace, entry.callback


def test_every_route_says_who_may_open_it():
    missing = [route for route, _namespace, view in routes() if not hasattr(view, "route_policy")]
    assert missing == []


def _kind_then_name(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions, each by name, as ruff sorts `__all__`."""
    kind = 0 if name.isupper() else 1 if name[0].isupper() else 2
    return kind, name


@pytest.mark.parametrize("area", AREAS)
def test_the_door_of_an_area_is_sorted_and_complete(area):
    door = importlib.import_module(f"yiwang.{area}.api")
    tree = ast.parse(Path(door.__file__).read_text())
    brought = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    own = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}

    assert list(door.__all__) == sorted(set(door.__all__), key=_kind_then_name)
    assert set(door.__all__) == {name for name in brought | own if not name.startswith("_")}
    assert all(
        getattr(getattr(door, name), "__doc__", "")
        for name in door.__all__
        if callable(getattr(door, name))
    )


def test_files_and_functions_keep_to_their_size():
    wrong = []
    for path in python_files():
        text = path.read_text()
        if text.count("\n") > FILE_LINES:
            wrong.append(f"{path.relative_to(ROOT)} has {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = node.end_lineno - node.lineno + 1
                if length > FUNCTION_LINES:
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {length}")
    assert wrong == []


def test_no_file_has_a_name_that_says_nothing():
    wrong = [str(p.relative_to(ROOT)) for p in python_files() if p.stem in FORBIDDEN_NAMES]
    assert wrong == []


def test_every_model_has_a_chinese_name_that_the_glossary_explains():
    glossary = (ROOT / "docs" / "glossary.md").read_text()
    wrong = []
    for model in our_models():
        name = str(model._meta.verbose_name)
        if not re.search(r"[\u4e00-\u9fff]", name):
            wrong.append(f"{model._meta.label} has no Chinese name")
        elif f"| {name} |" not in glossary:
            wrong.append(f"{model._meta.label} ({name}) is not in docs/glossary.md")
    assert wrong == []


def test_migrations_are_named_by_hand_and_never_merged():
    wrong = [
        str(path.relative_to(ROOT))
        for path in HOUSE.glob("*/*/migrations/0*.py")
        if re.search(r"_auto_|_merge|\d{4}_\d{8}", path.name)
    ]
    assert wrong == []


def test_actions_and_queries_say_what_they_do():
    wrong = []
    for path in python_files():
        parts = path.relative_to(HOUSE).parts
        if len(parts) < 3 or not ({"actions", "queries"} & {parts[2].removesuffix(".py")}):
            continue
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                if not ast.get_docstring(node):
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert wrong == []


def test_no_model_is_fetched_by_name_and_no_business_runs_on_signals():
    wrong = [
        f"{path.relative_to(ROOT)}"
        for path in python_files()
        if re.search(r"apps\.get_model|@receiver|\.connect\(\s*receiver", path.read_text())
    ]
    assert wrong == []


def test_no_file_names_a_machine_a_registry_or_who_wrote_it():
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git work tree")
    wrong = []
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path == Path(__file__) or not path.is_file():
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or a packed file: no words in it
        wrong += [f"{name}: {found.group()}" for found in FOREIGN.finditer(text)]
    assert wrong == []
