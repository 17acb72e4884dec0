// Arm Ethos-U55, U65 and U85 for Renode, which compiles this when its monitor includes it. Registers, interrupt and the time
// that a job takes are here; what a command stream does is computed by mcugen's functional model, a process that listens
// on a local socket:
//
//     mcugen npu serve /tmp/npu
//
//     include @mcugen_npu.cs                       in Renode, before the platform, where this stands:
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
using System.Net.Sockets;
using System.Text;

using Antmicro.Migrant;
using Antmicro.Renode.Core;
using Antmicro.Renode.Exceptions;
using Antmicro.Renode.Logging;
using Antmicro.Renode.Peripherals.Bus;
using Antmicro.Renode.Peripherals.Timers;
using Antmicro.Renode.Time;

namespace Antmicro.Renode.Peripherals.NPU
{
    // The parts of a register that are written in other widths are those of the whole word.
    [AllowedTranslations(AllowedTranslation.ByteToDoubleWord | AllowedTranslation.WordToDoubleWord)]
    public class EthosU : IDoubleWordPeripheral, IKnownSize
    {
        // accelerator: as Vela's --accelerator-config names it.
        // frequency: of the NPU's clock in Hz, by which estimated cycles become time.
        // server: path of the socket.
        public EthosU(IMachine machine, string accelerator = "ethos-u55-128", long frequency = 100000000, string server = null)
        {
            Design design;
            if(!Designs.TryGetValue(accelerator, out design))
            {
                throw new ConstructionException("There is no NPU " + accelerator + ": the model executes " + string.Join(", ", Designs.Keys));
            }
            this.machine = machine;
            this.design = design;
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

        private uint MaskOf(long offset)
        {
            var isHigh = offset == (long)Registers.QueueBaseHigh || offset >= (long)Registers.BasePointer && offset < (long)Registers.BasePointer + 8 * Regions && offset % 8 == 4;
            return isHigh ? design.HighAddress : uint.MaxValue;
        }

        // Made anew when an emulation was loaded from a file.
        private EthosULink Link
        {
            get { return link ?? (link = new EthosULink(machine.SystemBus, server, () => Timeout)); }
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

    // The performance counters. They count the estimated cycles of jobs that end while they are enabled: the clock of an
    // NPU without a job stands still. Events are CYCLE and NPU_ACTIVE; of others the model knows nothing, they stay 0.
    public class EthosUCounters
    {
        public EthosUCounters(int count, long start)
        {
            this.start = start;
            events = new uint[count];
            types = new uint[count];
            counters = CycleCounter | (1u << count) - 1;
        }

        public void Reset()
        {
            control = enabled = overflown = interrupts = 0;
            cycles = 0;
            Array.Clear(events, 0, events.Length);
            Array.Clear(types, 0, types.Length);
            Array.Clear(plain, 0, plain.Length);
        }

        public bool TryRead(long offset, out uint value)
        {
            value = 0;
            offset -= start;
            switch(offset)
            {
            case Control:
                value = control | (uint)events.Length << 11;
                return true;
            case EnableSet:
            case EnableClear:
                value = enabled;
                return true;
            case OverflowSet:
            case OverflowClear:
                value = overflown;
                return true;
            case InterruptSet:
            case InterruptClear:
                value = interrupts;
                return true;
            case CycleLow:
                value = (uint)cycles;
                return true;
            case CycleHigh:
                value = (uint)(cycles >> 32);
                return true;
            case CycleConfiguration:
            case AxiChannel:
                value = plain[(offset - CycleConfiguration) / 4];
                return true;
            }
            var array = ArrayAt(offset);
            if(array != null)
            {
                value = array[offset % 0x80 / 4];
            }
            return array != null;
        }

        public bool TryWrite(long offset, uint value)
        {
            offset -= start;
            switch(offset)
            {
            case Control:
                control = value & 9;
                if((value & 2) != 0)
                {
                    Array.Clear(events, 0, events.Length);
                }
                if((value & 4) != 0)
                {
                    cycles = 0;
                }
                return true;
            case EnableSet:
                enabled |= value & counters;
                return true;
            case EnableClear:
                enabled &= ~value;
                return true;
            case OverflowSet:
                overflown |= value & counters;
                return true;
            case OverflowClear:
                overflown &= ~value;
                return true;
            case InterruptSet:
                interrupts |= value & counters;
                return true;
            case InterruptClear:
                interrupts &= ~value;
                return true;
            case CycleLow:
                cycles = cycles & 0xFFFF00000000 | value;
                return true;
            case CycleHigh:
                cycles = (ulong)(value & 0xFFFF) << 32 | (uint)cycles;
                return true;
            case CycleConfiguration:
            case AxiChannel:
                plain[(offset - CycleConfiguration) / 4] = value;
                return true;
            }
            var array = ArrayAt(offset);
            if(array != null)
            {
                array[offset % 0x80 / 4] = array == types ? value & 0x3FF : value;
            }
            return array != null;
        }

        // A job has ended; whether an overflow asks for an interrupt.
        public bool Count(ulong jobCycles)
        {
            if((control & 1) == 0)
            {
                return false;
            }
            if((enabled & CycleCounter) != 0)
            {
                cycles += jobCycles;
                overflown |= cycles >> 48 != 0 ? CycleCounter : 0;
                cycles &= 0xFFFFFFFFFFFF;
            }
            for(var i = 0; i < events.Length; i++)
            {
                if((enabled >> i & 1) != 0 && (types[i] == CycleEvent || types[i] == ActiveEvent))
                {
                    overflown |= events[i] + jobCycles > uint.MaxValue ? 1u << i : 0;
                    events[i] = (uint)(events[i] + jobCycles);
                }
            }
            return (overflown & interrupts) != 0;
        }

        private uint[] ArrayAt(long offset)
        {
            var isThere = offset >= Events && offset % 0x80 / 4 < events.Length;
            return !isThere ? null : offset < Types ? events : offset < Types + 0x80 ? types : null;
        }

        private uint control;
        private uint enabled;
        private uint overflown;
        private uint interrupts;
        private ulong cycles;

        private readonly uint[] events;
        private readonly uint[] types;
        private readonly uint[] plain = new uint[2];
        private readonly long start;
        private readonly uint counters;

        private const uint CycleCounter = 1u << 31;
        private const uint CycleEvent = 17, ActiveEvent = 35;
        // From `start` on.
        private const long Control = 0x00, EnableSet = 0x04, EnableClear = 0x08, OverflowSet = 0x0C, OverflowClear = 0x10,
            InterruptSet = 0x14, InterruptClear = 0x18, CycleLow = 0x20, CycleHigh = 0x24, CycleConfiguration = 0x28,
            AxiChannel = 0x2C, Events = 0x180, Types = 0x200;
    }

    // The connection to the model: messages with a header of kind, bytes of content and a value.
    public class EthosULink : IDisposable
    {
        public const uint Job = 1, Stream = 2;

        public EthosULink(IBusController bus, string path, Func<int> timeout)
        {
            this.bus = bus;
            this.path = path;
            this.timeout = timeout;
        }

        // Runs a job; the model reads and writes memory meanwhile.
        public Outcome Run(uint kind, ulong value, byte[] content)
        {
            try
            {
                Connect();
                Send(kind, value, content);
                while(true)
                {
                    var header = Receive(HeaderSize);
                    var size = BitConverter.ToUInt32(header, 4);
                    var address = BitConverter.ToUInt64(header, 8);
                    switch(BitConverter.ToUInt32(header, 0))
                    {
                    case AskSize:
                        Send(Data, 0, BitConverter.GetBytes(MemoryFrom(address, ulong.MaxValue)));
                        break;
                    case AskRead:
                        var count = BitConverter.ToUInt32(Receive(size), 0);
                        CheckMemory(address, count);
                        Send(Data, 0, bus.ReadBytes(address, (int)count));
                        break;
                    case AskWrite:
                        CheckMemory(address, size);
                        bus.WriteBytes(Receive(size), address);
                        break;
                    case End:
                        var end = Receive(size);
                        return new Outcome
                        {
                            Status = BitConverter.ToUInt32(end, 0),
                            Read = BitConverter.ToUInt32(end, 4),
                            Cycles = BitConverter.ToUInt64(end, 8),
                            Words = Encoding.UTF8.GetString(end, 16, end.Length - 16),
                        };
                    default:
                        throw new IOException("it sent what is no message");
                    }
                }
            }
            catch(Exception error)
            {
                Dispose();
                if(error is SocketException || error is IOException)
                {
                    throw new RecoverableException(string.Format("the NPU's model at {0} does not answer ({1}): start it with `mcugen npu serve {0}`", path ?? "PATH", error.Message));
                }
                throw;
            }
        }

        public void Dispose()
        {
            if(socket != null)
            {
                socket.Dispose();
                socket = null;
            }
        }

        private void Connect()
        {
            if(socket != null)
            {
                return;
            }
            if(string.IsNullOrEmpty(path))
            {
                throw new IOException("no server is named");
            }
            socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Connect(new UnixDomainSocketEndPoint(path));
            socket.ReceiveTimeout = socket.SendTimeout = 1000 * timeout();
        }

        // Bytes of memory from an address on, over neighbouring memories.
        private ulong MemoryFrom(ulong address, ulong wanted)
        {
            var start = address;
            while(address - start < wanted)
            {
                var found = bus.FindMemory(address);
                if(found == null)
                {
                    break;
                }
                address = found.RegistrationPoint.Range.EndAddress + 1;
            }
            return address - start;
        }

        private void CheckMemory(ulong address, ulong size)
        {
            if(size > int.MaxValue || MemoryFrom(address, size) < size)
            {
                throw new IOException(string.Format("it asked for {0} bytes at 0x{1:X}, where there is no memory", size, address));
            }
        }

        private void Send(uint kind, ulong value, byte[] content)
        {
            var message = new byte[HeaderSize + content.Length];
            BitConverter.GetBytes(kind).CopyTo(message, 0);
            BitConverter.GetBytes((uint)content.Length).CopyTo(message, 4);
            BitConverter.GetBytes(value).CopyTo(message, 8);
            content.CopyTo(message, HeaderSize);
            for(var sent = 0; sent < message.Length;)
            {
                sent += socket.Send(message, sent, message.Length - sent, SocketFlags.None);
            }
        }

        private byte[] Receive(uint size)
        {
            var data = new byte[size];
            for(var received = 0; received < data.Length;)
            {
                var count = socket.Receive(data, received, data.Length - received, SocketFlags.None);
                if(count == 0)
                {
                    throw new IOException("it has ended");
                }
                received += count;
            }
            return data;
        }

        private Socket socket;

        private readonly IBusController bus;
        private readonly string path;
        private readonly Func<int> timeout;

        private const uint Data = 3, AskSize = 16, AskRead = 17, AskWrite = 18, End = 19;
        private const int HeaderSize = 16;

        public struct Outcome
        {
            public uint Status;
            public uint Read;
            public ulong Cycles;
            public string Words;
        }
    }
}
