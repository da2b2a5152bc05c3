using System.Buffers;
using Privatemode.AI.AspNetCore.Errors;

namespace Privatemode.AI.AspNetCore.Calls;

/// <summary>What keeps a silent stream alive, in the form that clients of each API ignore.</summary>
internal static class KeepAliveFrames
{
    /// <summary>Writes one frame; false if no frame is to be written now.</summary>
    /// <param name="dialect">The API of the caller.</param>
    /// <param name="progress">The response, for callers of the Responses API.</param>
    /// <param name="target">For the frame.</param>
    public static bool TryWrite(ProxyDialect dialect, ResponseProgress? progress, IBufferWriter<byte> target)
    {
        switch (dialect)
        {
            case ProxyDialect.Responses:
                // Events: the clients' timers do not count comments.
                return progress?.TryWriteKeepAlive(target) == true;
            case ProxyDialect.Anthropic:
                target.Write("event: ping\ndata: {\"type\": \"ping\"}\n\n"u8);
                return true;
            default:
                // A comment and not an event: programs take the first choice of every event.
                target.Write(": keep-alive\n\n"u8);
                return true;
        }
    }
}
