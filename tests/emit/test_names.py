"""Names from a model on their way into C."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mcugen
from mcugen.emit.names import (
    c_identifier,
    comment_text,
    default_module_name,
    module_name,
    reserved_module_names,
    unique_identifiers,
)
from mcugen.errors import InputError


@given(st.text(max_size=80))
def test_any_text_becomes_a_c_identifier(text: str) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]{0,49}", c_identifier(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DS-CNN v2", "ds_cnn_v2"),
        ("../../etc/passwd", "etc_passwd"),
        ('"; system("rm")', "system_rm"),
        ("int", "m_int"),
        ("2fast", "m_2fast"),
        ("каналы", "model"),
    ],
)
def test_identifiers(text: str, expected: str) -> None:
    assert c_identifier(text) == expected


@given(st.lists(st.text(max_size=6), max_size=30))
def test_identifiers_of_one_model_are_distinct(texts: list[str]) -> None:
    names = unique_identifiers(texts, "layer")
    assert len(set(names)) == len(texts)


@given(st.text(max_size=80))
def test_comments_cannot_be_left(text: str) -> None:
    safe = comment_text(text)
    assert "*/" not in safe and "/*" not in safe and "\n" not in safe and not safe.endswith("\\")
    assert safe.isascii()


@pytest.mark.parametrize(
    "text", ["signal", "Time", "math", "string", "stdint", "stddef", "harness", "arm_acle", "test"]
)
def test_a_module_hides_no_header_and_no_library(text: str) -> None:
    with pytest.raises(InputError, match=f"cannot be called {text.lower()}.*\n.*--name {text.lower()}_model"):
        module_name(text)


@pytest.mark.parametrize("text", ["mcugen", "mcugen kws"])
def test_names_of_mcugens_own(text: str) -> None:
    with pytest.raises(InputError, match=r"names with mcugen_ are"):
        module_name(text)


@pytest.mark.parametrize("name", ["models", "shared_arena", "board", "int", "kws_2", "memory_model", "a" * 48])
def test_other_names_are_taken_as_they_are(name: str) -> None:
    assert module_name(name) == name


def test_no_header_of_the_compilers_has_a_module_name() -> None:
    """What a C program of the standard and of POSIX may include, as far as this machine's C library has it."""
    compiler = shutil.which("arm-none-eabi-gcc")
    if compiler is None:
        pytest.skip("arm-none-eabi-gcc is not installed")
    said = subprocess.run([compiler, "-E", "-v", "-xc", os.devnull], capture_output=True, text=True, check=True).stderr
    folders = re.findall(r"^ (/\S+)$", said, re.MULTILINE)
    headers = {path.stem for folder in folders for path in Path(folder).glob("*.h")}
    assert "stdint" in headers
    usable = {stem for stem in headers if re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", stem)}
    assert usable <= reserved_module_names()


def test_no_header_of_the_firmware_around_a_module_has_a_module_name() -> None:
    """They are found by their bare names, as the module's header is."""
    headers = {path.stem for path in (Path(mcugen.__file__).parent / "firmware" / "harness").glob("*.h")}
    assert "exchange" in headers
    assert headers <= reserved_module_names()


def test_a_name_without_any_letter_is_an_error() -> None:
    with pytest.raises(InputError, match="no module name"):
        module_name("---")


def test_a_name_that_the_user_did_not_choose_is_changed(caplog: pytest.LogCaptureFixture) -> None:
    """m.pt2 and signal.pt2 are ordinary names of files; -lm and signal.h are not the module's."""
    assert default_module_name("m") == "m_model" and default_module_name("Signal") == "signal_model"
    assert "m_model" in caplog.text
    assert default_module_name("kws") == "kws"
    with pytest.raises(InputError):
        default_module_name("---")
