"""ExecuTorch's own test cases for Cortex-M, through mcugen.

    PYTHON -m tools.cortex_m_cases export FOLDER
    python -m tools.cortex_m_cases check FOLDER [PART ...] [--board nrf5340dk]

`export` runs in a Python that has executorch (and what its tests import: tosa-tools, pytest), and writes for every
`McuTestCase` of `executorch.backends.cortex_m.test.ops` and `.models` the float program and its example inputs. `check`
emits each (or those whose name contains a PART) with the example inputs as calibration, verifies the firmware, and
compares with the float program: a case passes within a tenth of the output's range. It writes results.jsonl into the
folder, and ends with 1 when fewer than 95 % of the cases pass. Cases whose module cannot be imported are counted apart.
"""

from __future__ import annotations

import argparse
import copy
import importlib
import json
import logging
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils._pytree import tree_leaves

PACKAGE = "executorch.backends.cortex_m.test"
TOLERANCE = 0.10
LEAST_SHARE = 0.95


def export(folder: Path) -> None:
    """Writes NAME.pt2 and NAME.npz (input_0, input_1, ... where these are tensors) for each case, and index.json."""
    folder.mkdir(parents=True, exist_ok=True)
    index = []
    for name, case, fault in _cases():
        entry = {"name": name}
        if case is None:
            entry["unavailable"] = fault
        else:
            try:
                _export_case(folder / name, case)
            except Exception as error:
                entry["fault"] = f"{type(error).__name__}: {error}"[:300]
        index.append(entry)
    (folder / "index.json").write_text(json.dumps(index, indent=1))
    print(f"{len(index)} entries, {sum(len(entry) > 1 for entry in index)} not exported")


def _cases() -> Iterator[tuple[str, Any, str]]:
    """(name, case, "") for each case; (module, None, why) for a module that cannot be imported."""
    tester = importlib.import_module(f"{PACKAGE}.tester")
    root = Path(importlib.import_module(PACKAGE).__path__[0])
    for file in sorted([*root.glob("ops/test_*.py"), *root.glob("models/test_*.py")]):
        place = f"{file.parent.name}.{file.stem}"
        torch.manual_seed(0)
        try:
            module = importlib.import_module(f"{PACKAGE}.{place}")
        except BaseException as error:  # pytest's skip is no Exception
            yield place, None, f"{type(error).__name__}: {error}"[:200]
            continue
        tables = {key: value for key, value in vars(module).items() if isinstance(value, dict)}
        seen: set[int] = set()
        for table, entries in tables.items():
            for key, case in entries.items():
                if isinstance(case, tester.McuTestCase) and id(case) not in seen:
                    seen.add(id(case))
                    yield f"{place}.{table}.{key}".replace("/", "_"), case, ""


def _export_case(stem: Path, case: Any) -> None:
    # Copies: some modules change their inputs or themselves in place.
    inputs = copy.deepcopy(case.get_example_inputs())
    model = copy.deepcopy(case.model).eval()
    leaves = enumerate(tree_leaves(inputs))
    arrays = {f"input_{i}": leaf.detach().clone().numpy() for i, leaf in leaves if isinstance(leaf, torch.Tensor)}
    program = torch.export.export(model, copy.deepcopy(inputs))
    np.savez(f"{stem}.npz", **arrays)  # type: ignore[arg-type]
    torch.export.save(program, f"{stem}.pt2")


def check_case(stem: Path, board: str) -> dict[str, Any]:
    """What came of one case: `passed`, and `worst` (over the outputs' ranges) or `fault`."""
    from mcugen.errors import McugenError
    from mcugen.frontend.archive import load_archive
    from mcugen.frontend.signature import port_names
    from tools.fidelity import check_program

    archive = Path(f"{stem}.pt2")
    try:
        names = port_names(load_archive(archive)).inputs
        with np.load(f"{stem}.npz") as stored:
            given = {names[int(key.removeprefix("input_"))]: array[None] for key, array in stored.items()}
        checked = check_program(archive, given, given, board)
    except McugenError as error:
        return {"passed": False, "fault": f"{type(error).__name__}: {error}"}
    worst = max(output.worst for output in checked.outputs)
    return {"passed": checked.match and worst <= TOLERANCE, "match": checked.match, "worst": worst}


def check(folder: Path, parts: Sequence[str], board: str) -> int:
    # One sample each: what is said of that is not news.
    logging.getLogger("mcugen").setLevel(logging.ERROR)
    index = json.loads((folder / "index.json").read_text())
    wanted = [entry for entry in index if not parts or any(part in entry["name"] for part in parts)]
    passed: Counter[str] = Counter()
    total: Counter[str] = Counter()
    with (folder / "results.jsonl").open("w") as file:
        for entry in wanted:
            name, kind = entry["name"], entry["name"].split(".")[1]
            if "unavailable" in entry:
                print(f"{name}: not available: {entry['unavailable']}", flush=True)
                continue
            found = {"passed": False, **entry} if "fault" in entry else check_case(folder / name, board)
            file.write(json.dumps({"name": name, **found}) + "\n")
            file.flush()
            total[kind] += 1
            passed[kind] += found["passed"]
            if not found["passed"]:
                print(f"{name}: {found.get('fault', found)}", flush=True)
    for kind, count in sorted(total.items()):
        print(f"{kind}: {passed[kind]} of {count}")
    share = passed.total() / max(total.total(), 1)
    print(f"{passed.total()} of {total.total()} cases pass ({share:.1%})")
    return int(share < LEAST_SHARE)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("export", "check"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("parts", nargs="*", metavar="PART")
    parser.add_argument("--board", default="nrf5340dk")
    given = parser.parse_args(arguments)
    if given.action == "export":
        export(given.folder)
        return 0
    return check(given.folder, given.parts, given.board)


if __name__ == "__main__":
    sys.exit(main())
