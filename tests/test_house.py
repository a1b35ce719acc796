"""The rules of the house: what may stand where, how long it may be, and what no file may say."""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import jotty_events

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("jotty_events", "projections")

MAX_LINES = 350
MAX_MEDIAN = 10
EMPTY_WORDS = {"utils", "util", "helpers", "helper", "manager", "managers", "base", "common", "misc"}

OS_MODULES = {"os", "fcntl", "pathlib", "tempfile", "shutil", "socket", "subprocess"}
OS_NAMES_THAT_TOUCH_NOTHING = {"PathLike", "fspath"}
OS_ROOMS = ("jotty_events/log/files.py", "jotty_events/log/disk_lock.py", "jotty_events/demo/", "jotty_events/cli/")
ALLOWED: dict[tuple[str, str], str] = {
    # ("jotty_events/runs/run.py", "os"): "why this file needs that module, in one sentence",
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def modules(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def functions(tree: ast.Module) -> list[Function]:
    return [node for node in ast.walk(tree) if isinstance(node, Function)]


def test_the_packages_are_where_the_rules_look() -> None:
    """Every rule below looks at some modules, so that none passes for want of files."""
    assert {path.parts[len(ROOT.parts)] for path in modules(*PACKAGES)} == set(PACKAGES)
    assert Path(__file__) in modules("tests")


def test_every_folder_of_a_package_has_an_init_file() -> None:
    """A folder with modules has an init file, since the contracts do not look into one that has none."""
    folders = {path.parent for path in modules(*PACKAGES)}
    assert [name_of(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_no_module_has_an_empty_name() -> None:
    """A module is named after one noun of the domain, never after a drawer for odds and ends."""
    names = {name_of(path): set(path.relative_to(ROOT).with_suffix("").parts) for path in modules(*PACKAGES, "tools")}
    assert [name for name, parts in names.items() if parts & EMPTY_WORDS] == []


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_modules_are_short() -> None:
    """A module stays under 350 lines, without exception."""
    lengths = {name_of(path): lines_of(path) for path in modules(*PACKAGES, "tools")}
    assert {name: length for name, length in lengths.items() if length >= MAX_LINES} == {}


def test_functions_are_short() -> None:
    """The median function of the packages, from its first to its last line, has at most ten lines."""
    found = [node for path in modules(*PACKAGES) for node in functions(tree_of(path))]
    assert median((node.end_lineno or 0) - node.lineno + 1 for node in found) <= MAX_MEDIAN


def structs(trees: list[ast.Module]) -> list[ast.ClassDef]:
    """Return the classes that derive from msgspec's Struct, directly or through one another."""
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    known = {"Struct"}
    while True:
        found = {node.name for node in classes if known & {ast.unparse(base).split(".")[-1] for base in node.bases}}
        if found <= known:
            return [node for node in classes if node.name in known]
        known |= found


def test_every_struct_says_that_it_is_frozen() -> None:
    """Each struct of the events and records repeats frozen=True, since msgspec does not pass it on."""
    found = structs([tree_of(path) for path in [*modules("jotty_events/events"), ROOT / "jotty_events/record.py"]])
    assert len(found) > 30
    assert [node.name for node in found if "frozen=True" not in map(ast.unparse, node.keywords)] == []


def operating_system(tree: ast.Module) -> Iterator[str]:
    """Yield the modules of the operating system that a module imports, and `open` where it calls that."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            if not {alias.name for alias in node.names} <= OS_NAMES_THAT_TOUCH_NOTHING:
                yield (node.module or "").split(".")[0]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in {"open", "io.open", "builtins.open"}:
            yield "open"


def test_the_operating_system_has_its_room() -> None:
    """Only the files of the log touch the disk, besides what the command line and the demo own."""
    outside = [path for path in modules(*PACKAGES) if not name_of(path).startswith(OS_ROOMS)]
    used = {(name_of(path), module) for path in outside for module in operating_system(tree_of(path))}
    assert {entry for entry in used if entry[1] in OS_MODULES | {"open"}} == set(ALLOWED)


def test_every_test_says_what_it_shows() -> None:
    """Each test function has a docstring that names the fact or the damage."""
    found = [(name_of(path), node) for path in modules("tests") for node in functions(tree_of(path))]
    tests = [(file, node) for file, node in found if node.name.startswith("test_")]
    assert [f"{file}: {node.name}" for file, node in tests if not ast.get_docstring(node)] == []


def sleeps(node: ast.AST) -> bool:
    imported = (
        {alias.name for alias in node.names} if isinstance(node, ast.ImportFrom) and node.module == "time" else set()
    )
    return "sleep" in imported or (isinstance(node, ast.Attribute) and ast.unparse(node) == "time.sleep")


def test_no_test_sleeps() -> None:
    """A test waits for a fact, never for time to pass."""
    assert [name_of(path) for path in modules("tests") if any(map(sleeps, ast.walk(tree_of(path))))] == []


def texts() -> dict[str, str]:
    """Return the text files of the project by name: code, documents, settings and recorded logs."""
    folders = [*PACKAGES, "tests", "tools", ".ci"]
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if "__pycache__" not in path.parts]
    kinds = {"", ".py", ".md", ".toml", ".txt", ".json", ".jsonl", ".cfg", ".sh", ".sql"}
    chosen = [path for path in [*files, *ROOT.iterdir()] if path.is_file() and path.suffix in kinds]
    return {name_of(path): path.read_text(encoding="utf-8", errors="replace") for path in sorted(chosen)}


def test_nothing_is_left_for_later_in_the_code() -> None:
    """What is left to do is written down elsewhere, not as a marker in a package."""
    marker = re.compile(r"\b(?:" + "|".join(["TODO", "FIXME", "XXX"]) + r"):")
    assert [name for name, text in texts().items() if name.startswith(PACKAGES) and marker.search(text)] == []


def test_no_file_names_a_place_of_one_machine() -> None:
    """No text holds an absolute path of the machine on which it was written."""
    place = re.compile(r"(?<![\w.~*}])/(?:" + "|".join(["work", "root", "home", "tmp", "Users"]) + r")/")
    found = {name: [match.group() for match in place.finditer(text)] for name, text in texts().items()}
    assert {name: places for name, places in found.items() if places} == {}


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the contracts of `pyproject.toml` over the packages below `folder`."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]
    environment = {**os.environ, "COLUMNS": "240", "PYTHONPATH": str(folder)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_floors_hold() -> None:
    """The contracts of pyproject.toml hold: floors, order within a floor, and rooms of libraries."""
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


BREACHES = {
    "jotty_events/rules/breach_a.py": "def late() -> None:\n    from ..log import files\n",
    "jotty_events/events/breach_b.py": "import typing\nif typing.TYPE_CHECKING:\n    from .. import record\n",
    "jotty_events/runs/breach_c.py": "import numpy as np\n",
    "jotty_events/log/breach_d.py": "import projections\n",
    "jotty_events/log/breach_e.py": "import pyarrow.parquet\n",
    "jotty_events/rules/breach_f.py": "import pydantic\n",
    "jotty_events/reading/breach_g.py": "from fcntl import flock\n",
    "jotty_events/agents/breach_h.py": "import rich.table\n",
    "jotty_events/rules/breach_i.py": "from jotty_events import Conductor\n",
    "jotty_events/homeless.py": "",
    "projections/breach_j.py": "import jotty_events.rules\n",
    "projections/breach_k.py": "from jotty_events.log import files\n",
    "projections/breach_l.py": "import click\n",
    "projections/breach_m.py": "import pytest\n",
    "projections/breach_n.py": "from . import breach_o\n",
    "projections/breach_o.py": "from . import breach_n\n",
}


def test_the_contracts_see_a_breach(tmp_path: Path) -> None:
    """Each kind of breach is named by the contracts, so that their silence means something."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "jotty_events/conductor.py").touch()
    for name, text in BREACHES.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).with_name("__init__.py").touch()
    done = lint_imports(tmp_path)
    assert done.returncode == 1
    assert [name for name in BREACHES if Path(name).stem not in done.stdout] == []


def test_the_front_door_names_the_same_things_three_times() -> None:
    """The table of public names, the imports for type checkers and `__all__` agree."""
    tree = tree_of(ROOT / "jotty_events/__init__.py")
    typed = [node for block in tree.body if isinstance(block, ast.If) for node in block.body]
    seen = {alias.name: node.module for node in typed if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert seen == jotty_events._HOMES
    assert {*seen, "__version__"} == set(jotty_events.__all__)


def test_every_public_name_opens() -> None:
    """Each name of the front door can be used, and its spelling is known to `dir`."""
    assert all(getattr(jotty_events, name) is not None for name in jotty_events.__all__)
    assert set(jotty_events.__all__) <= set(dir(jotty_events))
