using Privatemode.AI.Encryption;

namespace Privatemode.AI;

/// <summary>The advice in errors if the service requires a newer version of the protocol than this library speaks.</summary>
internal static class ClientTooOld
{
    /// <summary>Names the version of the protocol, and what to do.</summary>
    public static string Advice { get; } =
        $"This version of the library speaks protocol {FieldCodec.Instance.ProtocolVersion}. Update this package. If there is no update yet, read " +
        $"docs/local-proxy.md in its repository, which describes how to use Privatemode's own proxy on this machine " +
        $"({nameof(PrivatemodeOptions.Transport)}.{nameof(TransportOptions.UseDangerousUnverifiedLocalProxy)}) and which protection that gives up.";
}
