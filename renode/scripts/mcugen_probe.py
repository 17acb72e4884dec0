"""Runs inside Renode (IronPython 2.7): what happens between the layer labels of a module, as commands of the monitor.

mcugen_probe "<label>,..." "<address>:<bytes>+...,..."   watches; the results of each layer
mcugen_layer <index>                                prints a layer's results of the last inference in hexadecimal
mcugen_read <address> <bytes>                       prints memory in hexadecimal
mcugen_write <address> "<hexadecimal>"              writes memory
"""

import clr

clr.AddReference("System")
from System import Array, Byte, UInt64  # noqa: E402


class _Probe:
    """Labels are passed in order: entry, each layer, end of the last layer, return. Some may share an address."""

    def __init__(self, labels, results):
        self.labels = labels
        self.results = results
        self.layers = {}

    def passed(self, cpu, address):
        if address == self.labels[0]:
            self.layers.clear()
        # Layer i starts at label i + 1 and ends at label i + 2.
        for index, places in enumerate(self.results):
            if self.labels[index + 2] == address and index not in self.layers:
                read = [_hexadecimal(cpu.Bus.ReadBytes(UInt64(start), size)) for start, size in places]
                self.layers[index] = "".join(read)


def _hexadecimal(data):
    return "".join("%02x" % int(byte) for byte in data)


_probe = None


def _numbers(text):
    return [int(word, 0) for word in text.split(",") if word]


def _core():
    return self.Machine["sysbus.cpu"]  # noqa: F821 - Renode's monitor gives scripts the current machine


def mc_mcugen_probe(labels, results):
    global _probe
    places = [[tuple(int(n, 0) for n in place.split(":")) for place in r.split("+")] for r in results.split(",") if r]
    _probe = _Probe(_numbers(labels), places)
    for address in sorted(set(_probe.labels)):
        _core().AddHook(UInt64(address), _probe.passed)


def mc_mcugen_layer(index):
    print(_probe.layers.get(int(index), ""))


def mc_mcugen_read(address, size):
    print(_hexadecimal(_core().Bus.ReadBytes(UInt64(int(address)), int(size))))


def mc_mcugen_write(address, text):
    data = Array[Byte]([int(text[i : i + 2], 16) for i in range(0, len(text), 2)])
    _core().Bus.WriteBytes(data, UInt64(int(address)))
