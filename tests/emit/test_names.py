"""Names from a model on their way into C."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcugen.emit.names import c_identifier, comment_text, module_name, unique_identifiers
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


def test_a_name_without_any_letter_is_an_error() -> None:
    with pytest.raises(InputError, match="no module name"):
        module_name("---")
