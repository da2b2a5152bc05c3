using System.Text;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Encryption.EventStream;

public sealed class EventDecryptorAllocationTests : IDisposable
{
    private const int Events = 1000;

    private readonly ChoiceStream _stream = new();

    [Fact]
    public void Push_EventOfFourValues_AllocatesNothing()
    {
        byte[][] events = [.. Enumerable.Range(0, 2 * Events).Select(i => Encoding.UTF8.GetBytes(_stream.Delta($"text {i}")))];
        using EventDecryptor opener = _stream.Opener(out ExchangeCipher cipher);
        using (cipher)
        {
            byte[][] measured = events[Events..];
            Push(opener, events[..Events]);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Push(opener, measured);
            long perEvent = (GC.GetAllocatedBytesForCurrentThread() - before) / Events;
            Assert.Null(opener.Failure);
            Assert.Equal(0, perEvent);
        }
    }

    [Fact]
    public void Push_EventsCutInTheMiddle_AllocateNothing()
    {
        byte[][] events = [.. Enumerable.Range(0, 2 * Events).Select(i => Encoding.UTF8.GetBytes(_stream.Delta($"text {i}")))];
        using EventDecryptor opener = _stream.Opener(out ExchangeCipher cipher);
        using (cipher)
        {
            Push(opener, [.. events[..Events].SelectMany(Halves)]);
            byte[][] halves = [.. events[Events..].SelectMany(Halves)];
            long before = GC.GetAllocatedBytesForCurrentThread();
            Push(opener, halves);
            long perEvent = (GC.GetAllocatedBytesForCurrentThread() - before) / Events;
            Assert.Null(opener.Failure);
            Assert.Equal(0, perEvent);
        }
    }

    public void Dispose() => _stream.Dispose();

    private static byte[][] Halves(byte[] bytes) => [bytes[..(bytes.Length / 2)], bytes[(bytes.Length / 2)..]];

    private static void Push(EventDecryptor opener, byte[][] pieces)
    {
        foreach (byte[] piece in pieces)
        {
            opener.Push(piece);
            opener.Output.Clear();
        }
    }
}
