"""Warnings that have been told once are not told again."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Within it mcugen logs nothing below an error; then as before."""
    logger = logging.getLogger("mcugen")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
