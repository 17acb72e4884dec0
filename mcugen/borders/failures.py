"""What no guard foresaw: the operating system's refusals in words, and bugs reported as bugs."""

from __future__ import annotations

import errno
import platform
import sys
import traceback
from pathlib import Path

from mcugen import __version__
from mcugen.borders import streams
from mcugen.errors import McugenError

BUG = 70
"""Exit code of an internal error: EX_SOFTWARE of sysexits.h."""

_HINTS = {
    errno.ENOSPC: "make room on the disk that takes the output; TMPDIR says where temporary files go",
    errno.EDQUOT: "make room in your quota; TMPDIR says where temporary files go",
    errno.EFBIG: "raise the limit on file sizes (ulimit -f)",
    errno.EROFS: "choose a place that can be written",
    errno.EACCES: "check the permissions",
    errno.EPERM: "check the permissions",
    errno.ENAMETOOLONG: "choose a shorter path",
    errno.ELOOP: "the links of this path lead to each other",
    errno.EMFILE: "raise the limit on open files (ulimit -n)",
    errno.ENFILE: "close other programs",
    errno.EAGAIN: "raise the limit on processes (ulimit -u)",
    errno.ENOMEM: "close other programs, or raise the limit on memory (ulimit -v)",
    errno.EIO: "check the disk",
    errno.ENOTDIR: "a part of the path is a file",
    errno.EISDIR: "give the path of a file",
}


class EnvironmentRefusedError(McugenError):
    """The operating system refused what any program may ask for. Exit code 2."""


def system_error(error: Exception) -> McugenError | None:
    """The message for what the user's machine refuses; None when the error must be a bug."""
    if isinstance(error, MemoryError):
        return EnvironmentRefusedError("the memory does not suffice", hint=_HINTS[errno.ENOMEM])
    if not isinstance(error, OSError):
        return None
    if error.filename is None and (error.errno == errno.EBADF or streams.output_is_stuck()):
        return streams.output_error(error)
    if isinstance(error, FileNotFoundError) and _working_folder_is_gone():
        return EnvironmentRefusedError("the working folder is gone", hint="change to a folder that exists")
    if error.errno not in _HINTS:
        return None
    place = " ".join(str(name) for name in (error.filename, error.filename2) if name is not None)
    return EnvironmentRefusedError(error.strerror or str(error), where=place or None, hint=_HINTS[error.errno])


def report_bug(error: Exception) -> int:
    """Prints the traceback as what it is, and returns the exit code."""
    lines = [
        "".join(traceback.format_exception(error)).rstrip(),
        f"internal error: this is a bug in mcugen {__version__}, not a fault of your input.",
        f"  please report it with the lines above, the command and its input ({platform.platform()}, "
        f"Python {platform.python_version()})",
    ]
    print("\n".join(lines), file=sys.stderr)
    return BUG


def _working_folder_is_gone() -> bool:
    try:
        Path.cwd()
    except FileNotFoundError:
        return True
    return False
