"""What the tests found on this machine, at the head of every run; and samples: of many alike cases, of long sweeps."""

from __future__ import annotations

import gc
import os
import random
import time
from collections import defaultdict
from typing import Any

import pytest

from mcugen.verify.doctor import check_tools

_TOOLS = ("arm-none-eabi-gcc", "qemu-system-arm", "Zephyr workspace", "CMSIS-NN", "Renode", "renode-test")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("samples")
    group.addoption(
        "--sample-minutes", type=float, default=0.0, help="tests in random order; start none after so many minutes"
    )
    group.addoption(
        "--sample-seed",
        type=int,
        default=int(time.strftime("%G%V")),
        help="another one each week, at the head of a run",
    )


def pytest_configure(config: pytest.Config) -> None:
    # A worker has a core; threads of PyTorch that share it wait for each other, five times as long on a busy machine.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # As mcugen.cli.main has it: with PyTorch there are half a million objects to look through.
    gc.set_threshold(200_000, 30, 30)
    option = config.option
    given = getattr(config, "workerinput", {}).get("sample")
    if given is not None:
        option.sample_seed, option.sample_end = given
        return
    option.sample_end = time.time() + 60 * option.sample_minutes


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Workers of xdist have one order and one end."""
    option = node.config.option
    node.workerinput["sample"] = (option.sample_seed, option.sample_end)


def pytest_report_header(config: pytest.Config) -> list[str]:
    found = [f"{check.name}: {check.detail}" for check in check_tools() if check.name in _TOOLS]
    minutes = config.option.sample_minutes
    found.append((f"sample of {minutes:g} minutes, " if minutes else "") + f"--sample-seed {config.option.sample_seed}")
    return found


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    families = defaultdict(list)
    for item in items:
        if (mark := item.get_closest_marker("sampled")) and not item.get_closest_marker("slow"):
            families[item.nodeid.partition("[")[0], *mark.args].append(item)
    for (name, count), family in families.items():
        drawn = random.Random(f"{config.option.sample_seed} {name}").sample(family, min(count, len(family)))
        for item in family:
            if item not in drawn:
                item.add_marker("slow")
    if config.option.sample_minutes:
        random.Random(config.option.sample_seed).shuffle(items)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.config.option.sample_minutes and time.time() > item.config.option.sample_end:
        pytest.skip("the sample's time is over")
