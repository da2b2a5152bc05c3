using System.Buffers;
using Privatemode.AI.AspNetCore.Errors;

namespace Privatemode.AI.AspNetCore.Calls;

/// <summary>Writes keep-alive frames into a silent stream, in a form that the clients of each API ignore.</summary>
internal static class KeepAliveFrames
{
    /// <summary>Writes one keep-alive frame, and returns whether a frame was written: in the Responses API, there are times at which none may be
    /// sent.</summary>
    /// <param name="dialect">The API of the caller.</param>
    /// <param name="progress">The progress of the response, for callers of the Responses API.</param>
    /// <param name="target">The writer that receives the frame.</param>
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
