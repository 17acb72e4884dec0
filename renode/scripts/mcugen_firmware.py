"""Runs inside Renode (IronPython 2.7): samples for bare-metal firmware.

A hook stands where the firmware has said in its mailbox what it wants (mcugen/firmware/harness/exchange.h). All that it
can bring about is that the files below are read and written, as far as the sizes given to `mcugen_attach` allow.
`mcugen_attach` is a command of Renode's monitor.

It reads in the folder:
    input_<i>.bin     raw samples in device layout, one after the other
It leaves there:
    output_<i>.bin    likewise
    layers.bin        with layer hooks: {int32 index, uint32 bytes} and the output of each
    report.txt        lines "<key>=0x<value>": what the firmware said at its end
    exit.txt          the firmware's exit code, or a line of what went wrong here; then the emulator is gone
"""

import clr

clr.AddReference("System")
from System import Array, Byte, UInt64  # noqa: E402
from System.Diagnostics import Process  # noqa: E402
from System.IO import File, FileAccess, FileMode, FileShare, FileStream, Path  # noqa: E402

_SAMPLE, _LAYER, _END, _NPU = 1, 2, 3, 4
_MOST_FACTS, _LONGEST_KEY = 16, 24


class _Exchange:
    """The files of one run. Sizes in bytes of a sample's inputs and outputs, and of the layers' outputs.

    `npu` is a peripheral, or None.
    """

    def __init__(self, folder, mailbox, inputs, outputs, layers, reset_every, npu):
        self.folder = folder
        self.mailbox = mailbox
        self.sizes = {"input": inputs, "output": outputs}
        self.layers = layers
        self.reset_every = reset_every
        self.next_layer = 0
        self.done = 0
        self.files = {}
        self.commands = {_SAMPLE: self.sample, _LAYER: self.layer, _END: self.end}
        if npu is not None:
            self.npu = npu
            self.commands[_NPU] = self.job

    def answer(self, cpu, address):
        command, first, second, third = self.words(cpu.Bus, self.mailbox, 4)
        if command not in self.commands:
            raise ValueError("the firmware said {} in its mailbox, which means nothing".format(command))
        answer = self.commands[command](cpu.Bus, first, second, third)
        cpu.Bus.WriteDoubleWord(UInt64(self.mailbox + 16), answer)

    def sample(self, bus, done, inputs, outputs):
        if done != self.done + (1 if "input_0.bin" in self.files else 0):
            raise ValueError("the firmware says it ran {} samples, it was given {}".format(done, self.done))
        self.done, self.next_layer = done, 0
        for index in range(len(self.sizes["output"])):
            # Before the first sample, which tells that the firmware has started.
            self.open("output_{}.bin".format(index), True)
        if done:
            for index, (start, size) in enumerate(self.ports(bus, outputs, "output")):
                stream = self.open("output_{}.bin".format(index), True)
                stream.Write(bus.ReadBytes(UInt64(start), size), 0, size)
                stream.Flush()
        for index, (start, size) in enumerate(self.ports(bus, inputs, "input")):
            data = Array.CreateInstance(Byte, size)
            if self.open("input_{}.bin".format(index), False).Read(data, 0, size) != size:
                return 0
            bus.WriteBytes(data, UInt64(start), 0, size)
        first = done == 0 or (self.reset_every and done % self.reset_every == 0)
        return 2 if first else 1

    def layer(self, bus, index, start, size):
        if index != self.next_layer or index >= len(self.layers) or size != self.layers[index]:
            raise ValueError("the firmware's trace does not match its manifest at layer {}".format(index))
        self.next_layer += 1
        stream = self.open("layers.bin", True)
        for value in (index, size):
            for shift in (0, 8, 16, 24):
                stream.WriteByte(value >> shift & 255)
        stream.Write(bus.ReadBytes(UInt64(start), int(size)), 0, int(size))
        return 0

    def end(self, bus, code, facts, count):
        lines = []
        for index in range(min(int(count), _MOST_FACTS)):
            key, value = self.words(bus, facts + 8 * index, 2)
            lines.append("{}=0x{:x}".format(self.text(bus, key), value))
        File.WriteAllText(Path.Combine(self.folder, "report.txt"), "\n".join(lines) + "\n")
        self.leave(str(int(code)))

    def job(self, bus, address, unused, unused_too):
        wrong = self.npu.RunJob(UInt64(address))
        if wrong:
            raise ValueError(wrong)
        return 1

    def open(self, name, writing):
        if name not in self.files:
            kind, access = (FileMode.Create, FileAccess.Write) if writing else (FileMode.Open, FileAccess.Read)
            self.files[name] = FileStream(Path.Combine(self.folder, name), kind, access, FileShare.ReadWrite)
        return self.files[name]

    def ports(self, bus, start, group):
        """(address, bytes) of the buffers, from an array of struct harness_port."""
        sizes = self.sizes[group]
        places = [tuple(self.words(bus, start + 8 * i, 2)) for i in range(len(sizes))]
        if [size for _, size in places] != sizes:
            raise ValueError("the firmware's buffers do not match its manifest")
        return places

    @staticmethod
    def words(bus, start, count):
        return [int(bus.ReadDoubleWord(UInt64(start + 4 * i))) for i in range(count)]

    @staticmethod
    def text(bus, start):
        text = ""
        while len(text) < _LONGEST_KEY:
            letter = chr(bus.ReadByte(UInt64(start + len(text))))
            if not (letter.isalnum() or letter == "_"):
                break
            text += letter
        return text

    def leave(self, words):
        for stream in self.files.values():
            stream.Close()
        partial = Path.Combine(self.folder, "exit.partial")
        File.WriteAllText(partial, words)
        File.Move(partial, Path.Combine(self.folder, "exit.txt"))
        # At once: nothing of this emulation is needed any more, and an orderly end takes seconds.
        Process.GetCurrentProcess().Kill()


def _guard(exchange, handler):
    """Exceptions of a hook would only stop the emulation, without a word to the runner."""

    def hook(cpu, address):
        try:
            handler(cpu, address)
        except Exception as error:
            exchange.leave("{}: {}".format(type(error).__name__, error))

    return hook


def _numbers(text):
    return [int(word) for word in text.split(",") if word]


def mc_mcugen_attach(folder, point, mailbox, inputs, outputs, layers, reset_every, npu):
    """Monitor command.

    Args:
        folder: where the files are.
        point: address at which the firmware waits for an answer.
        mailbox: address of what it says there.
        inputs, outputs, layers: sizes in bytes, comma-separated.
        reset_every: samples after which a module with state starts again; 0: never.
        npu: name of the peripheral (mcugen_npu.cs) that runs the firmware's jobs; "": there is none.
    """
    cpu = self.Machine["sysbus.cpu"]  # noqa: F821 - Renode's monitor gives scripts the current machine
    peripheral = self.Machine[npu] if npu else None  # noqa: F821
    sizes = _numbers(inputs), _numbers(outputs), _numbers(layers)
    exchange = _Exchange(folder, int(mailbox), sizes[0], sizes[1], sizes[2], int(reset_every), peripheral)
    cpu.AddHook(UInt64(point), _guard(exchange, exchange.answer))
