#!/usr/bin/env bash
# QEMU 7.2: the GDB stub says that it cannot read a single register until somebody has read its target description.
#
# Expected: the GDB manual, "Packets": `p n` reads register n; an empty answer to a packet means that the stub does not know that
#   packet ("Overview" of the remote protocol). What a stub supports is told by qSupported, and no packet is said to depend on
#   a description having been read ("Target Descriptions" makes reading one optional).
#
# Seen (stopped Cortex-M3, the same connection throughout):
#   QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)
#   qSupported, then p0 -> ""                  not supported?
#   g -> 168 bytes                             all registers can be read
#   p0 -> ""
#   qXfer:features:read:target.xml:0,ffb -> a description; its text is of no interest
#   p0 -> "00000000"
#   g -> 68 bytes                              another form of the same answer: only the description's registers
#   Each new connection begins as the first one did.
#
# Since: seen in 7.2.22, the version of Debian 12; others were not at hand.
#
# For who uses it: scripts and test benches that speak the protocol themselves take the empty answer for "no such packet". Read
#   target.xml once, whatever is in it, or read all registers with g.
set -euo pipefail

for tool in python3 qemu-system-arm; do
    if ! command -v "$tool" > /dev/null; then
        echo "$tool is needed: apt-get install python3 qemu-system-arm (Debian 12 has QEMU 7.2)" >&2
        exit 3
    fi
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
qemu-system-arm --version | sed -n 1p
python3 - << 'END'
import pathlib
import socket
import subprocess
import time

# A vector table is enough: the core never runs.
pathlib.Path("image.bin").write_bytes(bytes.fromhex("00100020 09000000 fee7fee7"))
qemu = subprocess.Popen(
    "qemu-system-arm -M mps2-an385 -display none -serial none -monitor none -S"
    " -device loader,file=image.bin,addr=0 -gdb unix:gdb.socket,server,nowait".split()
)


def connected() -> socket.socket:
    for _ in range(100):
        try:
            link = socket.socket(socket.AF_UNIX)
            link.connect("gdb.socket")
            link.settimeout(10)
            return link
        except OSError:
            time.sleep(0.1)
    raise SystemExit("QEMU does not listen")


def ask(link: socket.socket, packet: str) -> str:
    link.sendall(f"${packet}#{sum(packet.encode()) % 256:02x}".encode())
    answer = b""
    while b"#" not in answer or len(answer.split(b"#", 1)[1]) < 2:
        answer += link.recv(4096)
    link.sendall(b"+")
    return answer.split(b"$", 1)[1].split(b"#", 1)[0].decode()


def expect(what: str, seen: object, known: object) -> None:
    print(f"{what}: {seen!r}")
    if seen != known:
        raise SystemExit(f"the behaviour has changed, it was {known!r}")


try:
    link = connected()
    ask(link, "qSupported")
    expect("p0 at first", ask(link, "p0"), "")
    expect("bytes of g", len(ask(link, "g")) // 2, 168)
    expect("p0 after g", ask(link, "p0"), "")
    expect("a description", "<target>" in ask(link, "qXfer:features:read:target.xml:0,ffb"), True)
    expect("p0 then", ask(link, "p0"), "00000000")
    expect("bytes of g then", len(ask(link, "g")) // 2, 68)
    link.close()
    expect("p0 at first of a second connection", ask(connected(), "p0"), "")
finally:
    qemu.terminate()
    qemu.wait()
END
