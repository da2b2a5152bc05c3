namespace Privatemode.AI.Attestation.Tdx;

/// <summary>What has to be fetched to judge a quote: see <see cref="PcsRequests"/>. Bodies of the answers as they came.</summary>
/// <param name="TcbInfo">JSON.</param>
/// <param name="TcbInfoChain">PEM of that answer's header, decoded: signing certificate and root.</param>
/// <param name="QeIdentity">JSON.</param>
/// <param name="QeIdentityChain">PEM of that answer's header, decoded: signing certificate and root.</param>
/// <param name="PckCrl">DER.</param>
/// <param name="PckCrlChain">PEM of that answer's header, decoded: CA and root. May be empty; the list counts under the quote's CA only.</param>
/// <param name="RootCrl">DER.</param>
internal sealed record TdxCollateral(
    ReadOnlyMemory<byte> TcbInfo,
    ReadOnlyMemory<byte> TcbInfoChain,
    ReadOnlyMemory<byte> QeIdentity,
    ReadOnlyMemory<byte> QeIdentityChain,
    ReadOnlyMemory<byte> PckCrl,
    ReadOnlyMemory<byte> PckCrlChain,
    ReadOnlyMemory<byte> RootCrl)
{
    /// <summary>JSON: Intel's newest TCB info, whichever evaluation <see cref="TcbInfo"/> is of. Empty if it is not known.</summary>
    public ReadOnlyMemory<byte> NewestTcbInfo { get; init; }

    /// <summary>PEM of that answer's header, decoded: signing certificate and root.</summary>
    public ReadOnlyMemory<byte> NewestTcbInfoChain { get; init; }
}
