"""Temporary folders go with the process that made them."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mcugen.scratch import scratch_folder
from tests.emulate.test_process import wait_until

_SCRIPT = """
import sys, time
from mcugen.scratch import scratch_folder
with scratch_folder("mcugen-test-") as folder:
    (folder / "file").write_text("x")
    print(folder, flush=True)
    time.sleep(60)
"""


def test_it_is_gone_after_the_block() -> None:
    with scratch_folder("mcugen-test-") as folder:
        (folder / "below").mkdir()
        (folder / "below" / "file").touch()
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()
    with pytest.raises(RuntimeError), scratch_folder("mcugen-test-") as folder:
        raise RuntimeError
    assert not folder.exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda s: s.name)
def test_it_is_gone_when_the_process_is_killed(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _SCRIPT], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as child:
        assert child.stdout is not None
        folder = Path(child.stdout.readline().strip())
        assert (folder / "file").exists()
        child.send_signal(number)
        child.wait(20)
    wait_until(lambda: not folder.exists())
