using Privatemode.AI.Encryption;

namespace Privatemode.AI;

/// <summary>What errors advise when the service wants another version of the protocol than this library speaks.</summary>
internal static class ClientTooOld
{
    /// <summary>The advice, which names the version and the way out.</summary>
    public static string Advice { get; } =
        $"This version of the library speaks protocol {FieldCodec.Instance.ProtocolVersion}. Update this package. If there is no update yet, run " +
        $"Privatemode's own proxy on this machine and name its address with {nameof(PrivatemodeOptions.Transport)}." +
        $"{nameof(TransportOptions.UseDangerousUnverifiedLocalProxy)} in code, after reading docs/local-proxy.md.";
}
