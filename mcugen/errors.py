"""The errors a user can cause, and the exit codes they end a command with.

Every error that reaches a user says what is wrong, where, and what to do; `McugenError.__str__` joins the three.
"""

from __future__ import annotations


class McugenError(Exception):
    """Base of all errors that end a command with one message and no traceback.

    Args:
        what: the fault, one sentence.
        where: the operator, source line, file or field at fault.
        hint: what the user can do about it.
    """

    exit_code = 2

    def __init__(self, what: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        lines = [self.what]
        if self.where:
            lines.append(f"  at: {self.where}")
        if self.hint:
            lines.append(f"  fix: {self.hint}")
        return "\n".join(lines)


class InputError(McugenError):
    """The user's input (model, calibration, board, option) is wrong. Exit code 2."""

    exit_code = 2


class UnsupportedOperatorError(InputError):
    """An operator of the model has no integer form or no kernel. Exit code 2.

    Attributes:
        parts: where it tells several at once, each alone; else empty.
    """

    parts: tuple[UnsupportedOperatorError, ...] = ()


class DoesNotFitError(InputError):
    """The module exceeds the board's memories or a budget: exit code 2 for a board, 1 for a budget the user gave."""

    def __init__(
        self, what: str, *, where: str | None = None, hint: str | None = None, over_budget: bool = False
    ) -> None:
        super().__init__(what, where=where, hint=hint)
        if over_budget:
            self.exit_code = 1


class CheckFailedError(McugenError):
    """A check ran and failed (mismatch, over budget). Exit code 1."""

    exit_code = 1


class MissingToolError(McugenError):
    """Something needed is not installed; the hint is the command that installs it. Exit code 3."""

    exit_code = 3
