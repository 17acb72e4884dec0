/* A QEMU plugin that counts one pass of the program through a list of addresses, exactly.
 *
 *   -plugin libcount.so,out=FILE,label=0x120,label=0x1a4,...
 *
 * The labels are passed in order: region i runs from label i to label i + 1. Counting starts at the first label and ends
 * at the last one, once; then all instrumentation is removed and the program goes on at full speed.
 *
 * QEMU runs translation blocks: straight runs of instructions. The plugin counts executions of each block, and how often
 * it was left by a jump. Since a label may lie inside a block, the file says for each label in which block and how many
 * of its instructions came before; so the reader can split that one execution exactly.
 *
 * Output, one line each:
 *   block <index> <address> <instructions>      before its first use below
 *   label <label index> <address> <block index> <instructions of this execution before the label>
 *   run <block index> <executions> <jumps>      of the region that the last `label` line ended
 *   end                                         all labels were passed
 */
#include "qemu_plugin_api.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

enum { MAX_LABELS = 65536, HASH_SIZE = 65536 };

struct block {
    uint64_t address, end;
    size_t instructions, index;
    uint64_t executions, jumps; /* in the current region */
    bool written;
    struct block *next_in_bucket, *next;
};

/* One instruction that a label points to. */
struct label_place {
    const struct block *block;
    uint64_t address;
    size_t offset;
};

EXPORT int qemu_plugin_version = QEMU_PLUGIN_API_VERSION;

static qemu_plugin_id_t plugin_id;
static FILE *out;
static uint64_t labels[MAX_LABELS];
static size_t label_count, passed;
static struct block *buckets[HASH_SIZE];
static struct block *blocks, **blocks_end = &blocks;
static size_t block_count;
static struct block *previous;

static void *allocate(size_t size)
{
    void *memory = calloc(1, size);
    if (memory == NULL) {
        fputs("mcugen counting plugin: out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

/* QEMU may translate a block again; its counts stay with (address, length). */
static struct block *find_block(uint64_t address, size_t instructions, uint64_t end)
{
    struct block **bucket = &buckets[(address >> 1 ^ (uint64_t)instructions << 7) % HASH_SIZE];
    for (struct block *b = *bucket; b != NULL; b = b->next_in_bucket) {
        if (b->address == address && b->instructions == instructions && b->end == end) {
            return b;
        }
    }
    struct block *b = allocate(sizeof *b);
    b->address = address;
    b->end = end;
    b->instructions = instructions;
    b->index = block_count++;
    b->next_in_bucket = *bucket;
    *bucket = b;
    *blocks_end = b;
    blocks_end = &b->next;
    return b;
}

static void describe(struct block *b)
{
    if (!b->written) {
        fprintf(out, "block %zu 0x%" PRIx64 " %zu\n", b->index, b->address, b->instructions);
        b->written = true;
    }
}

static void end_region(void)
{
    for (struct block *b = blocks; b != NULL; b = b->next) {
        if (b->executions != 0 || b->jumps != 0) {
            describe(b);
            fprintf(out, "run %zu %" PRIu64 " %" PRIu64 "\n", b->index, b->executions, b->jumps);
        }
        b->executions = b->jumps = 0;
    }
}

static void removed(qemu_plugin_id_t id)
{
    (void)id;
}

static void on_label(unsigned int vcpu, void *data)
{
    const struct label_place *place = data;
    (void)vcpu;
    /* Labels without code between them share an address. */
    while (passed < label_count && labels[passed] == place->address) {
        describe((struct block *)place->block);
        fprintf(out, "label %zu 0x%" PRIx64 " %zu %zu\n", passed, place->address, place->block->index, place->offset);
        end_region();
        passed++;
    }
    if (passed == label_count && out != NULL) {
        fputs("end\n", out);
        fclose(out);
        out = NULL;
        qemu_plugin_reset(plugin_id, removed);
    }
}

static void on_block(unsigned int vcpu, void *data)
{
    struct block *b = data;
    (void)vcpu;
    if (out == NULL) {
        return;
    }
    b->executions++;
    if (previous != NULL && previous->end != b->address) {
        previous->jumps++;
    }
    previous = b;
}

static bool is_label(uint64_t address)
{
    for (size_t i = 0; i < label_count; i++) {
        if (labels[i] == address) {
            return true;
        }
    }
    return false;
}

/* By the instruction's own bits: QEMU 7.2 says 6 bytes for one in front of a wide instruction that crosses a page, since
 * its look at the next halfword counts. Thumb: 11101, 11110 and 11111 in the top bits begin 32 bits (Armv7-M ARM, A5.1). */
static uint64_t instruction_size(const struct qemu_plugin_insn *instruction)
{
    const uint8_t *bytes = qemu_plugin_insn_data(instruction);
    return bytes[1] >> 3 >= 0x1d ? 4 : 2;
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    const size_t n = qemu_plugin_tb_n_insns(tb);
    const struct qemu_plugin_insn *last = qemu_plugin_tb_get_insn(tb, n - 1);
    const uint64_t end = qemu_plugin_insn_vaddr(last) + instruction_size(last);
    struct block *b = find_block(qemu_plugin_tb_vaddr(tb), n, end);
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, QEMU_PLUGIN_CB_NO_REGS, b);
    for (size_t i = 0; i < n; i++) {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(tb, i);
        const uint64_t address = qemu_plugin_insn_vaddr(instruction);
        if (is_label(address)) {
            struct label_place *place = allocate(sizeof *place);
            place->block = b;
            place->address = address;
            place->offset = i;
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_label, QEMU_PLUGIN_CB_NO_REGS, place);
        }
    }
}

static void on_exit(qemu_plugin_id_t id, void *data)
{
    (void)id;
    (void)data;
    if (out != NULL) {
        fclose(out);
        out = NULL;
    }
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    const char *path = NULL;
    (void)info;
    plugin_id = id;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "out=", 4) == 0) {
            path = argv[i] + 4;
        } else if (strncmp(argv[i], "label=", 6) == 0 && label_count < MAX_LABELS) {
            labels[label_count++] = strtoull(argv[i] + 6, NULL, 0);
        } else {
            fprintf(stderr, "mcugen counting plugin: bad argument %s\n", argv[i]);
            return 1;
        }
    }
    if (path == NULL || label_count < 2 || (out = fopen(path, "w")) == NULL) {
        fputs("mcugen counting plugin: needs out=FILE and two labels\n", stderr);
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    qemu_plugin_register_atexit_cb(id, on_exit, NULL);
    return 0;
}
