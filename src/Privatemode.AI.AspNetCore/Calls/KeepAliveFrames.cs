using System.Buffers;
using Privatemode.AI.AspNetCore.Errors;

namespace Privatemode.AI.AspNetCore.Calls;

/// <summary>What keeps a silent stream alive, in the form that clients of each API ignore.</summary>
internal static class KeepAliveFrames
{
    /// <summary>Writes one frame; false if there is none now.</summary>
    public static bool TryWrite(ProxyDialect dialect, IBufferWriter<byte> target)
    {
        switch (dialect)
        {
            case ProxyDialect.Anthropic:
                target.Write("event: ping\ndata: {\"type\": \"ping\"}\n\n"u8);
                return true;
            case ProxyDialect.OpenAI:
                // A comment and not an event: programs take the first choice of every event.
                target.Write(": keep-alive\n\n"u8);
                return true;
            default:
                return false;
        }
    }
}
