"""Data flows one way: which module imports which, read from the source, against the line of docs/architecture.md."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import mcugen

PACKAGE = Path(mcugen.__file__).parent
# A stage may import those to its left. The front end's last step is to apply the passes.
STAGES = """
    graph features litert passes frontend kernels ethosu plan emit package firmware emulate verify accuracy report
    testbench plugins api compile_options assess compiled bench project commands cli
""".split()
# What every stage may use, and what these may use of each other.
COMMON = "__init__ errors resources scratch silence templates borders boards".split()


def _modules() -> dict[str, Path]:
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = _modules()


def _imports(path: Path, *, everywhere: bool) -> Iterator[str]:
    """Modules of the package that a file imports; `everywhere`: inside functions too."""
    tree = ast.parse(path.read_text())
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)] if not everywhere else []
    later = {id(inner) for function in functions for inner in ast.walk(function)}
    for node in ast.walk(tree):
        if id(node) in later:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module in MODULES:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in MODULES else node.module


def _stage(module: str) -> str:
    return [*module.split("."), "__init__"][1]


def test_no_two_modules_import_each_other() -> None:
    graph = {name: set(_imports(path, everywhere=False)) - {name} for name, path in MODULES.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise AssertionError(f"modules import in a circle: {' <- '.join(error.args[1])}") from None


def test_a_stage_imports_only_what_is_to_its_left() -> None:
    wrong = []
    for name, path in MODULES.items():
        stage = _stage(name)
        if stage in ("cli", "__main__"):
            continue
        assert stage in (*STAGES, *COMMON), f"{name} belongs to no stage"
        allowed = {*COMMON, *STAGES[: STAGES.index(stage) + 1]} if stage in STAGES else set(COMMON)
        others = [other for other in _imports(path, everywhere=True) if _stage(other) not in allowed]
        wrong += [f"{name} imports {other}" for other in others]
    assert not wrong, "\n".join(wrong)


def test_the_api_runs_stages_and_holds_none() -> None:
    tree = ast.parse((PACKAGE / "api.py").read_text())
    classes = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    assert classes == {"Options"}
    lines = {n.name: (n.end_lineno or 0) - n.lineno for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
    assert max(lines.values()) < 40, lines
