// Arm Ethos-U55, U65 and U85 for Renode, which compiles this when its monitor includes mcugen_npu.resc. Registers, interrupt and the time
// that a job takes are here; what a command stream does is computed by mcugen's functional model, a process that listens
// on a local socket:
//
//     mcugen npu serve /tmp/npu
//
//     include @mcugen_npu.resc                     in Renode, before the platform, where this stands:
//
//     npu: NPU.EthosU @ sysbus 0x48102000
//         accelerator: "ethos-u55-128"
//         server: "/tmp/npu"
//         IRQ -> nvic@56
//
// docs/renode.md explains it; mcugen/ethosu/peripheral/connection.py has the messages. Source of the registers: the
// interface headers of Arm's ethos-u-core-driver.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;

using Antmicro.Migrant;
using Antmicro.Renode.Core;
using Antmicro.Renode.Exceptions;
using Antmicro.Renode.Logging;
using Antmicro.Renode.Peripherals.Bus;
using Antmicro.Renode.Peripherals.Timers;
using Antmicro.Renode.Time;

using Range = Antmicro.Renode.Core.Range;

namespace Antmicro.Renode.Peripherals.NPU
{
    // The parts of a register that are written in other widths are those of the whole word.
    [AllowedTranslations(AllowedTranslation.ByteToDoubleWord | AllowedTranslation.WordToDoubleWord)]
    public class EthosU : IDoubleWordPeripheral, IKnownSize
    {
        // accelerator: as Vela's --accelerator-config names it.
        // frequency: of the NPU's clock in Hz, by which estimated cycles become time.
        // server: path of the socket.
        // outOfReach: memory that the core has for itself, such as "0x0+0x80000, 0x20000000+0x80000".
        public EthosU(IMachine machine, string accelerator = "ethos-u55-128", long frequency = 100000000, string server = null, string outOfReach = "")
        {
            Design design;
            if(!Designs.TryGetValue(accelerator, out design))
            {
                throw new ConstructionException("There is no NPU " + accelerator + ": the model executes " + string.Join(", ", Designs.Keys));
            }
            this.machine = machine;
            this.design = design;
            own = outOfReach.Split(',').Where(range => range.Trim().Length > 0).Select(ParseRange).ToArray();
            Server = server;
            Timeout = 300;
            IRQ = new GPIO();
            job = new LimitTimer(machine.ClockSource, (ulong)frequency, this, "job", limit: 1, direction: Direction.Ascending,
                workMode: WorkMode.OneShot, eventEnabled: true);
            job.LimitReached += Finish;
            pmu = new EthosUCounters(design.Counters, design.CountersAt);
            Reset();
        }

        public void Reset()
        {
            Reset(0);
        }

        // For firmware that hands over whole jobs, struct mcugen_npu_job, instead of registers: null, or what is wrong.
        public string RunJob(ulong address)
        {
            var outcome = Link.Run(EthosULink.Job, address, new byte[0]);
            return outcome.Status == 0 ? null : outcome.Words;
        }

        public uint ReadDoubleWord(long offset)
        {
            switch((Registers)offset)
            {
            case Registers.Id:
                return design.Identity;
            case Registers.Status:
                return status;
            case Registers.Command:
                return command;
            case Registers.QueueRead:
                return position;
            case Registers.Protection:
                return protection;
            case Registers.Configuration:
                return design.Configuration;
            }
            uint value;
            if(pmu.TryRead(offset, out value) || plain.TryGetValue(offset, out value))
            {
                return value;
            }
            var index = (offset - (long)Registers.PeripheralId4) / 4;
            if(index >= 0 && index < Identification.Length)
            {
                return index == 4 ? design.Part : Identification[index];
            }
            return 0;
        }

        public void WriteDoubleWord(long offset, uint value)
        {
            if(pmu.TryWrite(offset, value))
            {
                return;
            }
            switch((Registers)offset)
            {
            case Registers.Command:
                Command(value);
                return;
            case Registers.Reset:
                Reset(value & 3);
                return;
            case Registers.QueueBase:
            case Registers.QueueBaseHigh:
            case Registers.QueueSize:
                if((status & Running) == 0)
                {
                    status &= ~EndReached;
                }
                break;
            }
            if(plain.ContainsKey(offset))
            {
                plain[offset] = value & MaskOf(offset);
            }
            else
            {
                this.Log(LogLevel.Debug, "Write of 0x{0:X} to offset 0x{1:X}, where nothing is to be set", value, offset);
            }
        }

        public long Size { get { return design.Size; } }

        public GPIO IRQ { get; private set; }

        public string Server
        {
            get { return server; }
            set
            {
                server = value;
                if(link != null)
                {
                    link.Dispose();
                    link = null;
                }
            }
        }

        // Seconds that the model may take for an answer.
        public int Timeout { get; set; }

        // Jobs since the start, and what was wrong with the last one.
        public ulong Jobs { get; private set; }

        public string LastFault { get; private set; }

        private void Reset(uint protectionAfter)
        {
            job.Enabled = false;
            status = position = 0;
            protection = protectionAfter;
            command = ClockAndPower;
            foreach(var offset in PlainRegisters)
            {
                plain[offset] = 0;
            }
            pmu.Reset();
            IRQ.Unset();
        }

        private void Command(uint value)
        {
            command = value & ClockAndPower;
            if((value & ClearInterrupt) != 0)
            {
                status &= ~(InterruptRaised | PmuInterruptRaised);
                IRQ.Unset();
            }
            status &= ~(value & ClearHistory);
            if((value & Run) == 0 || (status & Running) != 0)
            {
                return;
            }
            if((status & Faults) != 0)
            {
                this.Log(LogLevel.Error, "A job is started after a fault (STATUS 0x{0:X}): only a reset clears that", status);
                return;
            }
            status = (status | Running) & ~EndReached;
            outcome = Execute();
            Jobs++;
            LastFault = outcome.Words;
            if(outcome.Words.Length > 0)
            {
                this.Log(LogLevel.Error, "{0}", outcome.Words);
            }
            // What the job writes is in memory now; its end is told after the time that it takes.
            job.Limit = Math.Max(1, outcome.Cycles);
            job.Value = 0;
            job.Enabled = true;
        }

        private EthosULink.Outcome Execute()
        {
            var request = new MemoryStream();
            var writer = new BinaryWriter(request);
            foreach(var word in new[] { design.Configuration, design.Identity, Interfaces(), plain[(long)Registers.QueueSize] })
            {
                writer.Write(word);
            }
            writer.Write(Address((long)Registers.QueueBase));
            for(var region = 0; region < Regions; region++)
            {
                writer.Write(Address((long)Registers.BasePointer + 8 * region));
            }
            try
            {
                return Link.Run(EthosULink.Stream, 0, request.ToArray());
            }
            catch(RecoverableException error)
            {
                // Firmware gets a fault too, or it would wait for ever.
                return new EthosULink.Outcome { Status = BusStatus, Words = error.Message };
            }
        }

        private void Finish()
        {
            job.Enabled = false;
            position = outcome.Read;
            status = (status & ~Running) | outcome.Status | InterruptRaised;
            if((outcome.Status & Faults) == 0)
            {
                status |= EndReached;
            }
            if(pmu.Count(outcome.Cycles))
            {
                status |= PmuInterruptRaised;
            }
            IRQ.Set();
        }

        // Bit n: the second AXI interface is that of region n.
        private uint Interfaces()
        {
            var result = 0u;
            for(var region = 0; region < Regions; region++)
            {
                var choice = plain[(long)Registers.RegionConfiguration] >> 2 * region & 3;
                // U85: the number of an attribute that says it.
                var isSecond = design.HasAttributes ? plain[(long)Registers.AxiLimit + 4 * choice] >> 2 & 1 : choice >> 1;
                result |= isSecond << region;
            }
            return result;
        }

        private ulong Address(long offset)
        {
            return plain[offset] | (ulong)plain[offset + 4] << 32;
        }

        private static Range ParseRange(string text)
        {
            try
            {
                var numbers = text.Split('+').Select(number => Convert.ToUInt64(number.Trim(), 16)).ToArray();
                return new Range(numbers[0], numbers[1]);
            }
            catch(Exception error)
            {
                throw new ConstructionException("outOfReach is START+SIZE in hexadecimal numbers, several with commas, not " + text, error);
            }
        }

        private uint MaskOf(long offset)
        {
            var isHigh = offset == (long)Registers.QueueBaseHigh || offset >= (long)Registers.BasePointer && offset < (long)Registers.BasePointer + 8 * Regions && offset % 8 == 4;
            return isHigh ? design.HighAddress : uint.MaxValue;
        }

        // Made anew when an emulation was loaded from a file.
        private EthosULink Link
        {
            get { return link ?? (link = new EthosULink(machine.SystemBus, server, () => Timeout, own)); }
        }

        private string server;
        private uint status;
        private uint position;
        private uint protection;
        private uint command;
        private EthosULink.Outcome outcome;
        [Transient]
        private EthosULink link;

        private readonly IMachine machine;
        private readonly Design design;
        private readonly Range[] own;
        private readonly LimitTimer job;
        private readonly EthosUCounters pmu;
        private readonly Dictionary<long, uint> plain = new Dictionary<long, uint>();

        private const int Regions = 8;
        // CMD
        private const uint Run = 1 << 0, ClearInterrupt = 1 << 1, ClockAndPower = 3 << 2, ClearHistory = 0xFFFFu << 16;
        // STATUS
        private const uint Running = 1 << 0, InterruptRaised = 1 << 1, BusStatus = 1 << 2, EndReached = 1 << 5, PmuInterruptRaised = 1 << 6;
        // Bus, parser, weight decoder, ECC, branch (U85): only a reset clears them.
        private const uint Faults = BusStatus | 1 << 4 | 1 << 7 | 1 << 8 | 1 << 9;

        private class Design
        {
            // Product 0 or 1; KiB of SHRAM of all cores.
            public static Design Of(uint product, int macs, uint shram)
            {
                return new Design
                {
                    Configuration = product << 28 | shram << 8 | (uint)Math.Log(macs, 2),
                    Identity = product == 0 ? 0x10104201u : 0x10066001u,
                    Part = 0x80 + product,
                    HighAddress = product == 0 ? 0u : 0xFFu,
                    Counters = 4,
                    CountersAt = 0x180,
                    Size = 0x1000,
                };
            }

            // log2 of the weight decoders, of the AXI ports to external memory and to SRAM.
            public static Design OfU85(int macs, uint decoders, uint external, uint sram)
            {
                return new Design
                {
                    Configuration = 2u << 28 | decoders << 12 | external << 10 | sram << 8 | 1 << 4 | (uint)Math.Log(macs, 2),
                    Identity = 0x20007001,
                    Part = 0x82,
                    HighAddress = 0xFF,
                    HasAttributes = true,
                    Counters = 8,
                    CountersAt = 0x1180,
                    Size = 0x2000,
                };
            }

            public uint Configuration;
            public uint Identity;
            public uint Part;
            public uint HighAddress;
            public bool HasAttributes;
            public int Counters;
            public long CountersAt;
            public long Size;
        }

        private static readonly Dictionary<string, Design> Designs = new Dictionary<string, Design>
        {
            { "ethos-u55-32", Design.Of(0, 32, 16) },
            { "ethos-u55-64", Design.Of(0, 64, 16) },
            { "ethos-u55-128", Design.Of(0, 128, 24) },
            { "ethos-u55-256", Design.Of(0, 256, 48) },
            { "ethos-u65-256", Design.Of(1, 256, 48) },
            { "ethos-u65-512", Design.Of(1, 512, 96) },
            { "ethos-u85-128", Design.OfU85(128, 0, 0, 1) },
            { "ethos-u85-256", Design.OfU85(256, 0, 0, 1) },
            { "ethos-u85-512", Design.OfU85(512, 1, 0, 1) },
            { "ethos-u85-1024", Design.OfU85(1024, 2, 1, 1) },
            { "ethos-u85-2048", Design.OfU85(2048, 2, 1, 2) },
        };

        // PID4 to PID7, PID0 to PID3, CID0 to CID3
        private static readonly uint[] Identification = { 4, 0, 0, 0, 0x80, 0xB5, 0x0B, 0, 0x0D, 0xF0, 0x05, 0xB1 };

        private enum Registers : long
        {
            Id = 0x00,
            Status = 0x04,
            Command = 0x08,
            Reset = 0x0C,
            QueueBase = 0x10,
            QueueBaseHigh = 0x14,
            QueueRead = 0x18,
            QueueConfiguration = 0x1C,
            QueueSize = 0x20,
            Protection = 0x24,
            Configuration = 0x28,
            Lock = 0x2C,
            PowerControl = 0x38,
            RegionConfiguration = 0x3C,
            // On U85 the attributes of memory; behind them its settings of AXI ports.
            AxiLimit = 0x40,
            BasePointer = 0x80,
            ClockForce = 0x140,
            PeripheralId4 = 0xFD0,
        }

        // Those that give back what was written.
        private static readonly long[] PlainRegisters = new[]
        {
            Registers.QueueBase, Registers.QueueBaseHigh, Registers.QueueConfiguration, Registers.QueueSize, Registers.Lock,
            Registers.PowerControl, Registers.RegionConfiguration, Registers.ClockForce,
        }.Select(register => (long)register)
            .Concat(Enumerable.Range(0, 16).Select(i => (long)Registers.AxiLimit + 4 * i))
            .Concat(Enumerable.Range(0, 2 * Regions).Select(i => (long)Registers.BasePointer + 4 * i))
            .ToArray();
    }
}
