#!/usr/bin/env bash
# QEMU 7.2: a TCG plugin is told 4 bytes for a 2-byte Thumb instruction that stands before one which crosses a page.
#
# Expected: QEMU's plugin header says that qemu_plugin_insn_size() gives the size of the instruction in bytes, and that
#   qemu_plugin_insn_data() points to the bytes of the instruction.
#
# Seen (Cortex-M3, whose memory protection makes QEMU use pages of 1 KiB; add.w lies across the end of one):
#   QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)
#   add.w crosses a page:
#   0x8 2 f8e1           b.n begin
#   0x3fc 4 00bf00f1     nop, of 2 bytes: the others are the first half of what stands behind it
#   0x3fe 4 00f10100     add.w r0, r0, #1
#   0x402 2 00bf         nop
#   0x404 2 fee7         b.n .
#   and with the same code two bytes higher, where add.w begins the page: 2 for the nop.
#
# Since: seen in 7.2.22, the version of Debian 12; others were not at hand. Addresses and execution are right.
#
# For who uses it: plugins that add up sizes, give the bytes to a disassembler or tell 16-bit from 32-bit instructions by the
#   size are wrong at the ends of pages, silently, and by where the linker has put the code. Take the bytes from the ELF file.
set -euo pipefail

for tool in gcc arm-none-eabi-gcc qemu-system-arm; do
    if ! command -v "$tool" > /dev/null; then
        echo "$tool is needed: apt-get install gcc gcc-arm-none-eabi qemu-system-arm (Debian 12 has QEMU 7.2)" >&2
        exit 3
    fi
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# Debian's package has no plugin header: the few functions of the public interface, declared here.
cat > plugin.c << 'END'
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct qemu_plugin_tb *));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *);
int qemu_plugin_version = 1;

static void translated(plugin_id id, struct qemu_plugin_tb *block)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
        const struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, i);
        const unsigned char *bytes = qemu_plugin_insn_data(insn);
        fprintf(stderr, "0x%llx %zu ", (unsigned long long)qemu_plugin_insn_vaddr(insn), qemu_plugin_insn_size(insn));
        for (size_t k = 0; k < qemu_plugin_insn_size(insn); k++) {
            fprintf(stderr, "%02x", bytes[k]);
        }
        fprintf(stderr, "\n");
    }
}

int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
    (void)info, (void)argc, (void)argv;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
END
gcc -shared -fPIC -O1 -o plugin.so plugin.c

run() {  # bytes between the reset handler and the code that is looked at
    cat > code.s << END
        .syntax unified
        .thumb
        .section .vectors, "a"
        .word 0x20001000
        .word start + 1
        .text
        .global start
        .thumb_func
start:  b.n begin
        .space $1
begin:  nop
        add.w r0, r0, #1
        nop
        b.n .
END
    arm-none-eabi-gcc -nostdlib -mcpu=cortex-m3 -mthumb -Wl,--section-start=.vectors=0 -Wl,-Ttext=8 -Wl,-estart \
        -o code.elf code.s
    # The code ends in a loop, which becomes a block of its own: the five instructions of the first pass are looked at.
    { timeout 3 qemu-system-arm -M mps2-an385 -display none -serial none -monitor none -kernel code.elf \
        -plugin ./plugin.so 2>&1 || true; } | grep '^0x' | sed -n 1,5p
}

expect() {
    printf '%s\n' "$2"
    [ "$1" = "$2" ] || { echo "the behaviour has changed, it was:" >&2; printf '%s\n' "$1" >&2; exit 1; }
}

qemu-system-arm --version | sed -n 1p
echo 'add.w crosses a page:'
expect '0x8 2 f8e1
0x3fc 4 00bf00f1
0x3fe 4 00f10100
0x402 2 00bf
0x404 2 fee7' "$(run 1010)"
echo 'add.w begins a page:'
expect '0x8 2 f9e1
0x3fe 2 00bf
0x400 4 00f10100
0x404 2 00bf
0x406 2 fee7' "$(run 1012)"
