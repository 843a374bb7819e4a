"""What holds the structure up: who may import what, one plug-in a file, limits on size."""

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from advisor.audit.finders import finders
from advisor.audit.finding import Finder
from advisor.report.format import Format
from advisor.report.formats import formats
from advisor.training_format import TrainingFormat
from advisor.training_formats import training_formats
from advisor.verb import Verb
from harness.metric import Metric
from harness.metrics import metrics
from harness.plugins import load_plugins
from harness.probe import Probe
from harness.probes import probes
from harness.rung import RungType
from harness.rungs import rungs

ROOT = Path(__file__).parents[1]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
HEAVY = {"torch", "transformers", "peft", "faiss", "sentence_transformers", "streamlit"}
LONGEST_FILE, LONGEST_FUNCTION = 300, 60
CODES = {
    "empty", "malformed", "encoding", "duplicate", "near_duplicate", "leak", "contradiction",
    "imbalance", "ordered", "label_noise", "too_few", "truncated", "language", "shift",
    "answer_not_in_documents", "no_text_layer", "unsupported", "pii", "few_answers",
    "cut_answers",
}  # fmt: skip
"""Of the audit, as other programs read them."""


IMPORT_NAMES = {
    "faiss": "faiss-cpu", "pynvml": "nvidia-ml-py", "sklearn": "scikit-learn",
    "stdnum": "python-stdnum", "vl_convert": "vl-convert-python",
}  # fmt: skip
"""Packages that are imported by another name than they are installed by."""


USED_BY_OTHERS = {"accelerate", "datasets", "gguf"}
"""Declared without an import of ours: what transformers and PEFT need for larger models and for
reading the embedded one, and what whoever works in the same environment expects."""


def sources() -> Iterator[tuple[str, str]]:
    """Path and text of every file of the product."""
    folders = ("advisor", "harness", "rag", "tuning")
    for file in (ROOT / "app.py", *(f for name in folders for f in (ROOT / name).rglob("*.py"))):
        yield file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8")


def imports(text: str, *, run_at_import: bool) -> set[str]:
    """Top-level packages that a file imports: anywhere, or by being imported itself."""
    found: set[str] = set()
    left: list[ast.AST] = [ast.parse(text)]
    while left:
        node = left.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
        if run_at_import:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                continue
            if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
                left.extend(node.orelse)
                continue
        left.extend(ast.iter_child_nodes(node))
    return found


def loaded_by(*arguments: str) -> set[str]:
    """Top-level packages that a fresh interpreter loads."""
    command = [sys.executable, "-X", "importtime", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rsplit("|", 1)[1].strip().split(".")[0] for line in lines}


# Imports


def test_the_reader_of_imports_sees_what_runs_and_passes_over_what_does_not():
    text = (
        "import os.path\nif TYPE_CHECKING:\n    import a\nelse:\n    import b\n"
        "try:\n    from c.d import e\nexcept ImportError:\n    pass\n"
        "class F:\n    import g\n    def h(self):\n        import i\n"
    )
    assert imports(text, run_at_import=True) == {"os", "b", "c", "g"}
    assert imports(text, run_at_import=False) == {"os", "a", "b", "c", "g", "i"}


@pytest.mark.parametrize(
    "arguments",
    [("-c", "import advisor.cli"), ("-c", "import advisor.workflow"), ("-m", "advisor", "--help")],
    ids=["import advisor.cli", "import advisor.workflow", "rungwise --help"],
)
def test_the_command_starts_without_any_heavy_library(arguments):
    loaded = loaded_by(*arguments)
    assert "advisor" in loaded, "the interpreter told what it loads"
    assert not loaded & HEAVY


def test_help_loads_no_library_and_nothing_that_a_verb_needs():
    loaded = loaded_by("-m", "advisor", "--help")
    assert not loaded & {"numpy", "msgspec", "tqdm", "psutil", "tomlkit", "rag", "tuning"}


def test_only_the_files_that_are_allowed_to_load_torch_when_they_are_imported():
    allowed = tuple(
        pattern
        for pattern, rules in SETTINGS["ruff"]["lint"]["per-file-ignores"].items()
        if "TID253" in rules and not pattern.startswith("tests")
    )
    found = {name for name, text in sources() if "torch" in imports(text, run_at_import=True)}
    assert found, "the files that hold the model load torch"
    assert not {f for f in found if not any(fnmatch(f, pattern) for pattern in allowed)}


def test_every_other_module_can_be_imported_without_any_heavy_library():
    heavy = HEAVY | {"trl", "datasets", "sklearn", "scipy", "pandas", "altair"}
    light = [
        name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for name, text in sources()
        if not imports(text, run_at_import=True) & heavy
        and not name.startswith(("app.py", "advisor/pages/", "advisor/page_parts/"))
        and not name.endswith("__main__.py")
    ]
    # what imports the model's own files is as heavy as they are
    light = [name for name in light if not name.startswith("tuning.models.llama")]
    assert len(light) > 150
    loaded = loaded_by("-c", f"import {', '.join(light)}")
    assert {"advisor", "harness", "rag", "tuning"} <= loaded
    assert not loaded & heavy


def test_only_the_app_and_its_pages_know_streamlit():
    found = {name for name, text in sources() if "streamlit" in imports(text, run_at_import=False)}
    assert "app.py" in found and "advisor/pages/start.py" in found
    rooms = ("advisor/pages/", "advisor/page_parts/")
    assert not {name for name in found if name != "app.py" and not name.startswith(rooms)}


# One plug-in a file


SHELVES = [
    ("harness.rungs", "RUNG", RungType),
    ("harness.metrics", "METRIC", Metric),
    ("harness.probes", "PROBE", Probe),
    ("advisor.verbs", "VERB", Verb),
    ("advisor.audit.finders", "FINDER", Finder),
    ("advisor.report.formats", "FORMAT", Format),
    ("advisor.training_formats", "TRAINING_FORMAT", TrainingFormat),
]
PLUGINS = [
    (f"{package}.{module.name}", constant, kind)
    for package, constant, kind in SHELVES
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__)
]


@pytest.mark.parametrize(("name", "constant", "kind"), PLUGINS, ids=[name for name, *_ in PLUGINS])
def test_a_plug_in_file_declares_its_one_plug_in_and_says_what_it_is(name, constant, kind):
    module = importlib.import_module(name)
    declared = {key for key, value in vars(module).items() if isinstance(value, kind)}
    assert declared == {constant}
    plugin = getattr(module, constant)
    if hasattr(plugin, "name"):
        assert plugin.name == name.rsplit(".", 1)[1], "one name, one file"
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    first_line = (ast.get_docstring(tree) or "").split("\n\n")[0]
    assert len(first_line) > 20 and first_line.endswith(".")
    public = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert not [
        node.name
        for node in public
        if not node.name.startswith("_") and not ast.get_docstring(node)
    ]


@pytest.mark.parametrize(("package", "constant", "kind"), SHELVES, ids=[s[0] for s in SHELVES])
def test_what_stands_in_a_folder_is_what_the_program_offers(package, constant, kind):
    here = load_plugins(package, constant, kind)
    offered = {
        "harness.rungs": lambda: list(rungs()),
        "harness.metrics": lambda: list(metrics()),
        "harness.probes": lambda: list(probes()),
        "advisor.report.formats": lambda: list(formats()),
        "advisor.training_formats": lambda: list(training_formats()),
        "advisor.audit.finders": lambda: [finder.codes for finder in finders()],
        "advisor.verbs": verbs_of_the_command,
    }[package]()
    names = [plugin.codes if kind is Finder else plugin.name for plugin in here]
    assert sorted(offered) == sorted(names)
    if kind is not Finder:
        assert len(set(names)) == len(names)


def verbs_of_the_command() -> list[str]:
    from advisor.cli import parser

    (verbs,) = (action for action in parser([])._actions if action.dest == "verb")
    return list(verbs.choices)


def test_finders_report_the_codes_of_the_contract_and_no_others():
    assert {code for finder in finders() for code in finder.codes} == CODES


# Limits


def test_files_and_functions_stay_short():
    long = []
    for name, text in sources():
        lines = len(text.splitlines())
        if lines > LONGEST_FILE:
            long.append(f"{name}: {lines} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                if length > LONGEST_FUNCTION:
                    long.append(f"{name}: {node.name} has {length} lines")
    assert not long


def test_what_the_product_imports_is_declared_and_nothing_else_is():
    """A package that only another one brings along is gone when that one changes its mind."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = pyproject["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["gpu"]]
    declared = {re.split(r"[<>=!~\[ ]", line)[0].replace("_", "-") for line in needed}
    ours = {"advisor", "harness", "rag", "tuning", "app"}
    imported = {name for _, text in sources() for name in imports(text, run_at_import=False)}
    found = imported - ours - set(sys.stdlib_module_names)
    named = {IMPORT_NAMES.get(name, name.replace("_", "-")) for name in found}
    assert named - declared == set()
    assert declared - named == USED_BY_OTHERS
