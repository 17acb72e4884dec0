"""The host's side of the console, against a scripted image: every way a conversation can go."""

from __future__ import annotations

import base64
import os
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcugen.boards import load_board
from mcugen.emit.manifest import Manifest
from mcugen.emulate.console import Console, DescriptorTransport
from mcugen.errors import CheckFailedError
from mcugen.firmware.elf import Elf, Symbol
from tests.firmware.fake_module import fake_layers, write_fake_module

SIZE, CHUNK, STACK = 37, 12, 2048


class NoElf(Elf):
    """Symbols without a file."""

    def __init__(self) -> None:
        self.symbols = {"culprit": Symbol("culprit", 0x100, 0x20, True)}
        self._functions = list(self.symbols.values())
        self._starts = [0x100]

    def source_line(self, address: int) -> str | None:
        return None


def checked(text: str) -> bytes:
    return f"{text}*{zlib.crc32(text.encode()):08x}\n".encode()


class Image:
    """An image that runs the fake module, written from the protocol's description.

    Args:
        answers: replaces the lines that answer a request of that word; None for silence.
        hello: the first line.
        split: how many bytes `receive` hands out at once.
    """

    def __init__(
        self,
        *,
        inputs: int = 1,
        trace: bool = False,
        answers: dict[str, Callable[[int], list[bytes] | None]] | None = None,
        hello: str = f"hello 1 fake {CHUNK} 4.1.99 {STACK}",
        split: int = 7,
    ) -> None:
        self.buffers = [np.zeros(SIZE, np.int8) for _ in range(inputs)]
        self.trace, self.answers, self.split = trace, answers or {}, split
        self.requests: list[str] = []
        self.waiting = b"booting\n" + b"@" + checked(hello)
        self.closed = False

    def send(self, data: bytes) -> None:
        if self.closed:
            raise EOFError
        assert not self.waiting, "a line was sent before the one before it was answered"
        assert data.endswith(b"\n") and data.count(b"\n") == 1
        text, _, checksum = data.decode().strip().rpartition("*")
        assert int(checksum, 16) == zlib.crc32(text.encode())
        self.requests.append(text)
        word = text.split(" ")[0]
        scripted = self.answers.get(word)
        special = scripted(sum(r.split(" ")[0] == word for r in self.requests)) if scripted else []
        if special is None:
            return
        self.waiting = b"".join(special) or b"".join(b"@" + checked(line) for line in self.reply(text))

    def receive(self, seconds: float) -> bytes:
        data, self.waiting = self.waiting[: self.split], self.waiting[self.split :]
        if not data and self.closed:
            raise EOFError
        return data

    def reply(self, text: str) -> list[str]:
        word, *fields = text.split(" ")
        if word == "input":
            data = np.frombuffer(base64.b64decode(fields[2]), np.int8)
            assert len(data) <= CHUNK
            self.buffers[int(fields[0])][int(fields[1]) :][: len(data)] = data
            return ["ok"]
        if word == "run":
            hidden, output = fake_layers([b.reshape(1, 1, SIZE) for b in self.buffers])
            layers = [*pieces("layer", 0, hidden), *pieces("layer", 1, output)] if self.trace else []
            return [*layers, *pieces("output", 0, output), "done 0 96"]
        if word == "reset":
            return ["ok"]
        assert word == "threads"
        return [f"thread 184 {STACK} inference", "thread 32 320 idle 00", "ok"]


def pieces(word: str, index: int, values: np.ndarray, chunk: int = CHUNK) -> list[str]:
    data = values.tobytes()
    return [
        f"{word} {index} {len(data)} {at} {base64.b64encode(data[at : at + chunk]).decode()}"
        for at in range(0, len(data), chunk)
    ]


def conversation(image: Image) -> Console:
    return Console(image, NoElf(), stall_seconds=0.2, on_silence=lambda: "pc 0x100")


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return write_fake_module(tmp_path_factory.mktemp("fake"), load_board("mps2_an385"), size=SIZE)


def samples(count: int, inputs: int = 1) -> list[np.ndarray]:
    generator = np.random.default_rng(count)
    return [generator.integers(-128, 128, (count, 1, SIZE)).astype(np.int8) for _ in range(inputs)]


@given(count=st.integers(1, 3), inputs=st.integers(1, 2), trace=st.booleans(), split=st.integers(1, 200))
@settings(deadline=None, max_examples=40)
def test_samples_come_back_as_the_module_makes_them(
    tmp_path_factory: pytest.TempPathFactory, count: int, inputs: int, trace: bool, split: int
) -> None:
    folder = tmp_path_factory.mktemp("fake")
    module = write_fake_module(folder, load_board("mps2_an385"), size=SIZE, inputs=inputs)
    arrays, seen = samples(count, inputs), []
    result = conversation(Image(inputs=inputs, trace=trace, split=split)).run(
        module, arrays, trace=trace, progress=lambda done, total: seen.append((done, total))
    )
    hidden, output = fake_layers(arrays)
    np.testing.assert_array_equal(result.outputs[0], output)
    assert result.stack_bytes == 96
    assert seen == [(i + 1, count) for i in range(count)]
    assert [(t.name, t.used, t.size) for t in result.threads] == [("inference", 184, STACK), ("idle 00", 32, 320)]
    if trace:
        assert result.layer_outputs is not None
        np.testing.assert_array_equal(result.layer_outputs[0], hidden.reshape(count, SIZE))
        np.testing.assert_array_equal(result.layer_outputs[1], output.reshape(count, SIZE))
    else:
        assert result.layer_outputs is None


def test_the_state_is_reset_after_every_so_many_samples(manifest: Manifest) -> None:
    image = Image()
    conversation(image).run(manifest, samples(5), trace=False, progress=None, reset_every=2)
    words = [request.split(" ")[0] for request in image.requests]
    assert [w for w in words if w != "input"] == ["run", "run", "reset", "run", "run", "reset", "run", "threads"]


def test_a_line_that_the_image_could_not_read_is_sent_again(manifest: Manifest) -> None:
    image = Image(answers={"input": lambda time: [b"@" + checked("again")] if time in (1, 3) else []})
    arrays = samples(1)
    result = conversation(image).run(manifest, arrays, trace=False, progress=None)
    np.testing.assert_array_equal(result.outputs[0], fake_layers(arrays)[1])
    assert image.requests[0] == image.requests[1] != image.requests[2] == image.requests[3]


def test_a_console_that_damages_every_line(manifest: Manifest) -> None:
    image = Image(answers={"input": lambda time: [b"@" + checked("again")]})
    with pytest.raises(CheckFailedError, match="damaged the same line 3 times: 'input 0 0 "):
        conversation(image).run(manifest, samples(1), trace=False, progress=None)


def test_the_kernels_own_messages_are_skipped(manifest: Manifest) -> None:
    noise = b"[00:00:01] <wrn> uart: overrun\r\n*** mid-line @"
    image = Image(answers={"run": lambda time: [noise + checked(line) for line in image.reply("run")]})
    arrays = samples(1)
    result = conversation(image).run(manifest, arrays, trace=False, progress=None)
    np.testing.assert_array_equal(result.outputs[0], fake_layers(arrays)[1])


OUTPUT = pieces("output", 0, np.zeros(SIZE, np.int8))
BAD = {
    "another byte": ([b"@" + checked("done 0 96").replace(b"96", b"97")], "damaged a line of the image: 'done 0 97"),
    "status": ([b"@" + checked("done -3 96")], "returned error -3 for sample 0"),
    "stack": ([b"@" + checked(f"done 0 {STACK}")], "all of its thread's stack, 2048 bytes"),
    "no output": ([b"@" + checked("done 0 96")], "gave 0 of 37 bytes of output 0"),
    "half": ([b"@" + checked(line) for line in [*OUTPUT[:2], "done 0 96"]], "gave 24 of 37 bytes of output 0"),
    "gap": ([b"@" + checked(line) for line in [OUTPUT[1], "done 0 96"]], "output 0 does not match"),
    "size": ([b"@" + checked("output 0 36 0 AAAA"), b"@" + checked("done 0 96")], "36 bytes at 0"),
    "index": ([b"@" + checked("output 1 37 0 AAAA"), b"@" + checked("done 0 96")], "output 1 does not match"),
    "refused": ([b"@" + checked("refused")], "refused the line 'run'"),
    "fault": (
        [b"E: ***** BUS FAULT *****\n", b"@" + checked("fault 25 110 11f")],
        r"faulted: architecture's reason 25; Zephyr's words:\n(.|\n)*BUS FAULT(.|\n)*"
        r"pc 0x00000110 \(culprit \+ 0x10\), called from 0x0000011f \(culprit \+ 0x1e\)",
    ),
    "overflow": ([b"@" + checked("fault 2 0 0")], "all of its thread's stack"),
    "panic": ([b"@lay@" + checked("fault 4 0 0")], "faulted: kernel panic"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_an_image_may_do_wrong(manifest: Manifest, name: str) -> None:
    lines, message = BAD[name]
    with pytest.raises(CheckFailedError, match=message):
        conversation(Image(answers={"run": lambda time: lines})).run(manifest, samples(1), trace=False, progress=None)


@pytest.mark.parametrize(
    ("hello", "message"),
    [
        (f"hello 1 other {CHUNK} 4.1.99 {STACK}", "holds module other, not fake"),
        (f"hello 2 fake {CHUNK} 4.1.99 {STACK}", "does not speak protocol 1"),
        ("ready", "does not speak protocol 1: ready"),
    ],
)
def test_another_image(manifest: Manifest, hello: str, message: str) -> None:
    with pytest.raises(CheckFailedError, match=message):
        conversation(Image(hello=hello)).run(manifest, samples(1), trace=False, progress=None)


def test_silence(manifest: Manifest) -> None:
    console = conversation(Image(answers={"run": lambda time: None}))
    with pytest.raises(CheckFailedError, match=r"said nothing for 0\.2 s, its last words:\nbooting") as caught:
        console.run(manifest, samples(1), trace=False, progress=None)
    assert caught.value.where == "pc 0x100"


def test_the_end_of_the_stream(manifest: Manifest) -> None:
    image = Image()
    image.closed = True
    with pytest.raises(EOFError):
        conversation(image).run(manifest, samples(1), trace=False, progress=None)


def test_layers_of_another_manifest(manifest: Manifest, tmp_path: Path) -> None:
    longer = write_fake_module(tmp_path, load_board("mps2_an385"), size=SIZE + 1)
    other = manifest.model_copy(update={"layers": longer.layers})
    with pytest.raises(CheckFailedError, match="layer 0 does not match the module's manifest: 37 bytes at 0"):
        conversation(Image(trace=True)).run(other, samples(1), trace=True, progress=None)


def test_a_terminal_whose_other_end_closes_is_at_its_end() -> None:
    emulator, terminal = os.openpty()
    transport = DescriptorTransport(terminal, terminal)
    os.write(emulator, b"word\n")
    assert transport.receive(5) == b"word\n"
    assert transport.receive(0) == b""
    os.close(emulator)
    with pytest.raises(EOFError):
        transport.receive(5)
    with pytest.raises(EOFError):
        transport.send(b"word\n")
    os.close(terminal)
