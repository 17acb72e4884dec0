"""Waits for emulators on a local socket and serves each in a thread."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from mcugen.errors import InputError
from mcugen.ethosu.peripheral.connection import ConnectionLost, Message, Outcome, Peer

_LONGEST_PATH = 100
Handler = Callable[[Peer, Message], Outcome]


class Server:
    """Serves jobs on a Unix socket as long as its `with` block runs. The socket is its owner's alone.

    Args:
        path: of the socket, which is made and removed again.
        handle: runs a job; called in a thread for each emulator.

    Attributes:
        failure: the first exception of a handler; the emulator has been told its words.

    Raises:
        InputError: there cannot be a socket at this path.
    """

    def __init__(self, path: Path, handle: Handler) -> None:
        self.path = path
        self.failure: Exception | None = None
        self._handle = handle
        self._listener: socket.socket | None = None
        self._threads: list[threading.Thread] = []
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        # One job at a time: the model keeps what it has prepared.
        self._working = threading.Lock()
        self._ending = False
        self._failed = threading.Event()

    def __enter__(self) -> Server:
        self._listener = _listen(self.path)
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._ending = True
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        # Wakes the thread that waits for emulators.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as caller:
            caller.connect(str(self.path))
        self._accepting.join()
        for thread in self._threads:
            thread.join()
        assert self._listener is not None
        self._listener.close()
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()

    def wait(self) -> None:
        """Returns when a handler has failed, which it then raises; else only an interrupt ends it."""
        self._failed.wait()
        assert self.failure is not None
        raise self.failure

    def _accept(self) -> None:
        assert self._listener is not None
        while True:
            connection, _ = self._listener.accept()
            with self._lock:
                if self._ending:
                    connection.close()
                    return
                self._connections.add(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads = [*(t for t in self._threads if t.is_alive()), thread]
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        peer = Peer(connection)
        with connection, contextlib.suppress(ConnectionLost):
            while (message := peer.receive()) is not None:
                try:
                    with self._working:
                        outcome = self._handle(peer, message)
                except ConnectionLost:
                    raise
                except Exception as error:
                    # Whoever owns the server raises it; the emulator must not wait for ever.
                    self.failure = self.failure or error
                    self._failed.set()
                    outcome = Outcome(status=1, words=str(error) or type(error).__name__)
                peer.end(outcome)
        with self._lock:
            self._connections.discard(connection)


def _listen(path: Path) -> socket.socket:
    where = str(path)
    if len(os.fsencode(path)) > _LONGEST_PATH:
        raise InputError(
            f"the path of a socket has at most {_LONGEST_PATH} bytes, this one {len(os.fsencode(path))}",
            where=where,
            hint="name a shorter one; TMPDIR decides where temporary folders are",
        )
    if not path.parent.is_dir():
        raise InputError(f"the folder of {path} does not exist", where=where, hint="make it, or name another place")
    if path.exists():
        if not stat.S_ISSOCK(path.stat().st_mode) or _answers(path):
            raise InputError(f"{path} exists already", where=where, hint="name another place for the socket")
        # Left by a process that was killed.
        path.unlink()
    listener = socket.socket(socket.AF_UNIX)
    mask = os.umask(0o177)
    try:
        listener.bind(where)
    except OSError as error:
        listener.close()
        raise InputError(f"there can be no socket at {path}: {error.strerror}", where=where) from error
    finally:
        os.umask(mask)
    listener.listen()
    return listener


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as caller:
        try:
            caller.connect(str(path))
        except OSError:
            return False
    return True
