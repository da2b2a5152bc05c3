using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Issues;

public sealed class AbandonedStreamTests
{
    [Fact]
    public async Task Stream_NotDisposed_LeavesNoPlaintextInItsBuffers()
    {
        using ChoiceStream source = new();
        byte[] buffer = await AbandonAsync(source);
        Assert.Contains("a very particular secret", Encoding.UTF8.GetString(buffer), StringComparison.Ordinal);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.DoesNotContain("particular", Encoding.UTF8.GetString(buffer), StringComparison.Ordinal);
    }

    /// <summary>The array behind the output of a stream that is dropped after its first bytes.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task<byte[]> AbandonAsync(ChoiceStream source)
    {
        ScriptedStream network = new();
        EventDecryptor opener = source.Opener(out ExchangeCipher cipher);
        DecryptingEventStream stream = new(network, opener, cipher);
        network.Deliver(source.Delta("a very particular secret"));
        _ = await stream.ReadAsync(new byte[4]).AsTask().OrTimeout();
        Assert.True(MemoryMarshal.TryGetArray(opener.Output.Memory, out ArraySegment<byte> array));
        return array.Array!;
    }
}
