"""PyTorch's global settings while mcugen uses it."""

from __future__ import annotations

import contextlib
import io
import logging
import typing
import warnings
from collections.abc import Iterator
from typing import Any

import torch


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keeps PyTorch's and torchao's own remarks off the user's terminal, and off stdout, which may be a JSON object.

    torchao 0.18 prints the parts of keyword arguments that are lists (`prepare_pt2e`).
    """
    noisy = [logging.getLogger(name) for name in ("torch", "torchao", "torch.export", "torch.fx")]
    levels = [logger.level for logger in noisy]
    try:
        for logger in noisy:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(noisy, levels, strict=True):
            logger.setLevel(level)


@contextlib.contextmanager
def remembered_hints() -> Iterator[None]:
    """The type hints of a class are evaluated once: PyTorch's deserializer asks for them at each object of a program,
    which takes most of its time."""
    evaluate = typing.get_type_hints
    known: dict[Any, dict[str, Any]] = {}

    def remembered(cls: Any, *arguments: Any, **named: Any) -> dict[str, Any]:
        if cls not in known:
            known[cls] = evaluate(cls, *arguments, **named)
        return known[cls]

    typing.get_type_hints = remembered  # type: ignore[assignment]
    try:
        yield
    finally:
        typing.get_type_hints = evaluate


@contextlib.contextmanager
def single_threaded() -> Iterator[None]:
    """One thread: these networks are too small to share out, and sums keep one order, so results are repeatable."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
