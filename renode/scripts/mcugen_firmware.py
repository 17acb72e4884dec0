"""Runs inside Renode (IronPython 2.7): semihosting for a Cortex-M core.

Renode's own semihosting has a console only, no files and no exit. Here a hook stands on the harness's one breakpoint
instruction, does what it asks for, and steps over it. `mcugen_attach` is a command of Renode's monitor.

It leaves in the folder:
    exit.txt      the firmware's exit code, or a line of what went wrong here; then the emulator is gone
"""

import clr

clr.AddReference("System")
from System import UInt64  # noqa: E402
from System.Diagnostics import Process  # noqa: E402
from System.IO import File, FileAccess, FileMode, FileShare, FileStream, Path  # noqa: E402
from System.Text import Encoding  # noqa: E402

_OPEN, _CLOSE, _WRITE, _READ, _EXIT_EXTENDED = 0x01, 0x02, 0x05, 0x06, 0x20
_READ_MODES = (0, 1)
_FAILED = 0xFFFFFFFF
_BREAKPOINT_BYTES = 2


class _Host:
    """The files of one run."""

    def __init__(self, folder):
        self.folder = folder
        self.files = {}
        self.operations = {_OPEN: self.open, _CLOSE: self.close, _WRITE: self.write, _READ: self.read}

    def answer(self, cpu, address):
        operation, block = cpu.GetRegister(0).RawValue, cpu.GetRegister(1).RawValue
        if operation == _EXIT_EXTENDED:
            self.leave(str(cpu.Bus.ReadDoubleWord(UInt64(block + 4))))
        parameters = [cpu.Bus.ReadDoubleWord(UInt64(block + 4 * i)) for i in range(3)]
        handler = self.operations.get(operation)
        result = handler(cpu.Bus, *parameters) if handler else _FAILED
        cpu.SetRegister(0, UInt64(result))
        cpu.PC = UInt64(address + _BREAKPOINT_BYTES)

    def open(self, bus, name, mode, length):
        path = Path.Combine(self.folder, Encoding.ASCII.GetString(bus.ReadBytes(UInt64(name), int(length))))
        reading = mode in _READ_MODES
        if reading and not File.Exists(path):
            return _FAILED
        kind, access = (FileMode.Open, FileAccess.Read) if reading else (FileMode.Create, FileAccess.Write)
        handle = len(self.files) + 1
        self.files[handle] = FileStream(path, kind, access, FileShare.ReadWrite)
        return handle

    def close(self, bus, handle, *unused):
        self.files[handle].Close()
        return 0

    def write(self, bus, handle, start, size):
        data = bus.ReadBytes(UInt64(start), int(size))
        self.files[handle].Write(data, 0, int(size))
        self.files[handle].Flush()
        return 0

    def read(self, bus, handle, start, size):
        """The number of bytes that are missing."""
        data = bus.ReadBytes(UInt64(start), int(size))
        got = self.files[handle].Read(data, 0, int(size))
        if got:
            bus.WriteBytes(data, UInt64(start), 0, got)
        return size - got

    def leave(self, words):
        for stream in self.files.values():
            stream.Close()
        partial = Path.Combine(self.folder, "exit.partial")
        File.WriteAllText(partial, words)
        File.Move(partial, Path.Combine(self.folder, "exit.txt"))
        # At once: nothing of this emulation is needed any more, and an orderly end takes seconds.
        Process.GetCurrentProcess().Kill()


def _guard(host, handler):
    """Exceptions of a hook would only stop the emulation, without a word to the runner."""

    def hook(cpu, address):
        try:
            handler(cpu, address)
        except Exception as error:
            host.leave("{}: {}".format(type(error).__name__, error))

    return hook


def mc_mcugen_attach(folder, trap):
    """Monitor command.

    Args:
        folder: where the files are.
        trap: address of the semihosting breakpoint.
    """
    cpu = self.Machine["sysbus.cpu"]  # noqa: F821 - Renode's monitor gives scripts the current machine
    host = _Host(folder)
    cpu.AddHook(UInt64(trap), _guard(host, host.answer))
