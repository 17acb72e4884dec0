// Parts of the NPU of mcugen_npu.cs, which is included after this: its performance counters, and the connection to the
// functional model that executes its command streams.
using System;
using System.IO;
using System.Linq;
using System.Net.Sockets;
using System.Text;

using Antmicro.Renode.Exceptions;
using Antmicro.Renode.Peripherals.Bus;

using Range = Antmicro.Renode.Core.Range;

namespace Antmicro.Renode.Peripherals.NPU
{
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

        public EthosULink(IBusController bus, string path, Func<int> timeout, Range[] outOfReach)
        {
            this.outOfReach = outOfReach;
            this.bus = bus;
            this.path = path;
            this.timeout = timeout;
        }

        // Runs a job; the model reads and writes memory meanwhile.
        public Outcome Run(uint kind, ulong value, byte[] content)
        {
            // A whole job is described in memory of the core's own, its stack.
            isStream = kind == Stream;
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
                if(found == null || isStream && outOfReach.Any(range => range.Contains(address)))
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
        private bool isStream;

        private readonly IBusController bus;
        private readonly Range[] outOfReach;
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
