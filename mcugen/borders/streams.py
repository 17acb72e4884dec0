"""The process's own input, output and error streams: any of them may be closed, full, or in a narrow encoding."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress

from mcugen.errors import InputError


def prepare_streams() -> None:
    """Makes all three usable, before anything is opened or printed.

    A closed descriptor would be given to the next file that is opened, and be printed into. What an encoding lacks is
    printed as an escape.
    """
    # A closed stdout is opened the wrong way round: writing to it is an error, not a success without effect.
    for number, name, flags in ((0, "stdin", os.O_RDONLY), (1, "stdout", os.O_RDONLY), (2, "stderr", os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            _lead_to_nothing(number, flags)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "r" if name == "stdin" else "w", closefd=False))
    for out in (sys.stdout, sys.stderr):
        if hasattr(out, "reconfigure"):
            out.reconfigure(errors="backslashreplace")


def _lead_to_nothing(number: int, flags: int) -> None:
    nothing = os.open(os.devnull, flags)
    if nothing != number:
        os.dup2(nothing, number)
        os.close(nothing)


def finish_output() -> None:
    """Writes what is still buffered.

    Raises:
        BrokenPipeError: the reader has gone.
        InputError: the output cannot be written: a full disk, a closed stream.
    """
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise output_error(error) from error


def output_is_stuck() -> bool:
    """Whether the standard output holds something that it cannot write."""
    try:
        sys.stdout.flush()
    except OSError:
        return True
    return False


def output_error(error: OSError) -> InputError:
    """The error about a standard output that takes nothing."""
    closed = error.errno == errno.EBADF
    return InputError(
        f"the standard output cannot be written: {'it is closed' if closed else error.strerror}",
        hint="leave it open, or send it to /dev/null" if closed else "give it a place with room",
    )


def settle() -> None:
    """Drops what the streams cannot write, so that the end of the process does not try again and fail."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):
                _lead_to_nothing(stream.fileno(), os.O_WRONLY)
