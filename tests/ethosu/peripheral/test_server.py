"""The model's end of the connection: whoever connects, nothing is left behind and nobody waits for ever."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from mcugen.errors import InputError
from mcugen.ethosu.peripheral import Message, Outcome, Peer, Server, StreamJobs
from tests.ethosu.assembler import U55_128
from tests.ethosu.peripheral.emulator import HEADER, Emulator, served


def echo(peer: Peer, message: Message) -> Outcome:
    """Reads a word of memory and writes it behind."""
    word = peer.read(message.value, 4)
    peer.write(message.value + 4, word)
    return Outcome(0, 0, int.from_bytes(word, "little"))


def test_several_emulators_at_once() -> None:
    with served(echo) as server:
        emulators = [Emulator(server.path, {0: bytearray([i, 0, 0, 0]) + bytes(8)}) for i in range(4)]
        for _ in range(3):
            assert [at.run(1, 0, b"")[2] for at in emulators] == [0, 1, 2, 3]
        assert [at.memory[0][4] for at in emulators] == [0, 1, 2, 3]
        assert stat.S_IMODE(server.path.stat().st_mode) == 0o600
    assert not server.path.exists()
    # Those that are still connected are told.
    with pytest.raises((EOFError, ConnectionError)):
        emulators[0].run(1, 0, b"")


def has_ended(at: Emulator) -> bool:
    try:
        return at.socket.recv(1) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize("said", [HEADER.pack(99, 0, 0), HEADER.pack(1, 1 << 31, 0), HEADER.pack(3, 0, 0), b"GET"])
def test_a_stranger_is_not_answered(said: bytes) -> None:
    with served(echo) as server:
        at = Emulator(server.path, {0: bytearray(8)})
        at.socket.sendall(said)
        at.socket.shutdown(socket.SHUT_WR)
        assert has_ended(at)
        assert Emulator(server.path, {0: bytearray([7, 0, 0, 0, 0, 0, 0, 0])}).run(1, 0, b"")[2] == 7
        assert server.failure is None


def test_wrong_answers_end_the_connection() -> None:
    with served(echo) as server:
        for answer in (HEADER.pack(3, 3, 0) + b"abc", HEADER.pack(1, 4, 0) + b"abcd", HEADER.pack(3, 4, 0) + b"ab"):
            at = Emulator(server.path, {})
            at.send(1, 0)
            at.take(20)
            at.socket.sendall(answer)
            at.socket.shutdown(socket.SHUT_WR)
            assert has_ended(at)
        assert server.failure is None


def test_a_job_of_mcugens_firmware_is_not_for_streams() -> None:
    with served(StreamJobs(lambda error: None).handle) as server:
        for kind, content in ((1, b""), (2, b"too short")):
            with pytest.raises(EOFError):
                Emulator(server.path, {}).run(kind, 0, content)


def test_a_handler_that_fails_is_told_to_both_sides() -> None:
    def fail(peer: Peer, message: Message) -> Outcome:
        raise ZeroDivisionError("no such number")

    with served(fail) as server:
        assert Emulator(server.path, {}).run(1, 0, b"") == (1, 0, 0, "no such number")
        assert isinstance(server.failure, ZeroDivisionError)
        with pytest.raises(ZeroDivisionError):
            server.wait()


def test_the_end_does_not_wait_for_an_emulator_in_the_middle_of_a_job() -> None:
    with served(echo) as server:
        at = Emulator(server.path, {})
        at.send(1, 0)
        at.take(20)
    assert not any(thread.is_alive() and "_serve" in thread.name for thread in threading.enumerate())


def test_where_there_can_be_no_socket(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for path, said in (
        (tmp_path / "file", "exists already"),
        (tmp_path / "none" / "s", "folder"),
        (tmp_path / ("x" * 120), "at most"),
    ):
        with pytest.raises(InputError, match=said), Server(path, echo):
            pass
    assert (tmp_path / "file").read_text() == "mine"
    with served(echo) as server:
        with pytest.raises(InputError, match="exists already"), Server(server.path, echo):
            pass
        assert Emulator(server.path, {0: bytearray(8)}).run(1, 0, b"") == (0, 0, 0, "")


def test_what_a_killed_process_has_left_is_taken_over() -> None:
    with tempfile.TemporaryDirectory(prefix="npu-", dir="/tmp") as folder, socket.socket(socket.AF_UNIX) as left:
        left.bind(f"{folder}/s")
        with Server(Path(folder) / "s", echo) as server:
            assert Emulator(server.path, {0: bytearray(8)}).run(1, 0, b"") == (0, 0, 0, "")


def test_the_command() -> None:
    path = Path(f"/tmp/mcugen-npu-test-{os.getpid()}")
    command = [sys.executable, "-m", "mcugen", "npu", "serve", str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == f"{path}\n"
        found = Emulator(path, {}).run_registers(0x100, 64, [], configuration=U55_128)
        assert "no memory" in found[3]
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 128 + signal.SIGTERM
    assert said == "refused: QBASE is 0x100: no memory for a stream of 64 bytes\n"
    assert not path.exists()
