// Runs inside Renode, which compiles it when its monitor includes it: counts passes of a core through a list of
// addresses, exactly. What QEMU's plugin (mcugen/emulate/plugin/count.c) is for QEMU, and the same output.
//
//     cpu CountBlocks "<label>,<label>,..." [@<file>]   one pass, written to the file, then all hooks are taken out;
//                                                       without a file every pass, of which the last one is kept
//     cpu GetBlockCounts                                the last pass; nothing before the first one has ended
//
// The labels are passed in order; some may share an address. Renode runs translation blocks, straight runs of
// instructions, and a hook on an address ends the block before it. Only between the first label and the last one is
// every block watched, so the rest runs at full speed. The core must be a Cortex-M: block ends are found by the sizes of
// Thumb instructions.
//
// Output, one line each:
//     block <index> <address> <instructions>      before its first use below
//     label <label index> <address>
//     run <block index> <executions> <jumps>      of the region that the last `label` line ended
//     end                                         all labels were passed
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;

using Antmicro.Renode.Peripherals.CPU;

namespace Antmicro.Renode.Mcugen
{
    public static class BlockCounterExtensions
    {
        public static void CountBlocks(this TranslationCPU cpu, string labels, string path = null)
        {
            counter = new BlockCounter(cpu, labels.Split(',').Select(ulong.Parse).ToArray(), path);
        }

        public static string GetBlockCounts(this TranslationCPU cpu)
        {
            return counter == null ? "" : counter.Counts;
        }

        private static BlockCounter counter;
    }

    public class BlockCounter
    {
        public BlockCounter(TranslationCPU cpu, ulong[] labels, string path)
        {
            this.cpu = cpu;
            this.labels = labels;
            this.path = path;
            passed = labels.Length;
            foreach(var label in labels.Distinct())
            {
                cpu.AddHook(label, (_, address) => OnLabel(address));
            }
        }

        public string Counts { get; private set; } = "";

        private void OnLabel(ulong address)
        {
            if(address == labels[0])
            {
                Start();
            }
            // The block before is left for this address; the next one to run is not known to it any more.
            Leave(address);
            previous = null;
            while(passed < labels.Length && labels[passed] == address)
            {
                text.Append("label ").Append(passed).Append(" 0x").Append(address.ToString("x")).Append('\n');
                EndRegion();
                passed++;
                if(passed == labels.Length)
                {
                    Finish();
                }
            }
        }

        private void Start()
        {
            blocks.Clear();
            text.Clear();
            previous = null;
            passed = described = 0;
            cpu.SetHookAtBlockBegin(OnBlock);
        }

        private void Finish()
        {
            text.Append("end\n");
            Counts = text.ToString();
            cpu.SetHookAtBlockBegin(null);
            if(path != null)
            {
                foreach(var label in labels.Distinct())
                {
                    cpu.RemoveHooksAt(label);
                }
                File.WriteAllText(path + ".partial", Counts);
                File.Move(path + ".partial", path);
            }
        }

        private void OnBlock(ulong address, uint instructions)
        {
            // A block without instructions is a hook on an address.
            if(instructions == 0)
            {
                return;
            }
            Leave(address);
            var key = address << 16 | instructions;
            Block block;
            if(!blocks.TryGetValue(key, out block))
            {
                block = new Block { Address = address, Instructions = instructions, End = EndOf(address, instructions) };
                blocks.Add(key, block);
            }
            block.Executions++;
            previous = block;
        }

        private void Leave(ulong next)
        {
            if(previous != null && previous.End != next)
            {
                previous.Jumps++;
            }
        }

        private void EndRegion()
        {
            foreach(var block in blocks.Values)
            {
                if(block.Executions == 0)
                {
                    continue;
                }
                if(block.Index < 0)
                {
                    block.Index = described++;
                    text.AppendFormat("block {0} 0x{1:x} {2}\n", block.Index, block.Address, block.Instructions);
                }
                text.AppendFormat("run {0} {1} {2}\n", block.Index, block.Executions, block.Jumps);
                block.Executions = block.Jumps = 0;
            }
        }

        // Thumb: 11101, 11110 and 11111 in the top bits begin an instruction of 32 bits (Armv7-M ARM, A5.1).
        private ulong EndOf(ulong address, uint instructions)
        {
            for(var i = 0u; i < instructions; i++)
            {
                address += cpu.Bus.ReadWord(address) >> 11 >= 0x1D ? 4u : 2u;
            }
            return address;
        }

        private Block previous;
        private int passed;
        private int described;

        private readonly TranslationCPU cpu;
        private readonly ulong[] labels;
        private readonly string path;
        private readonly Dictionary<ulong, Block> blocks = new Dictionary<ulong, Block>();
        private readonly StringBuilder text = new StringBuilder();

        private class Block
        {
            public ulong Address;
            public ulong End;
            public uint Instructions;
            public ulong Executions;
            public ulong Jumps;
            public int Index = -1;
        }
    }
}
