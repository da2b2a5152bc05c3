namespace Privatemode.AI.Attestation.Sev;

/// <summary>What the deployment shows. Nothing in it is trusted.</summary>
/// <param name="Report">The report, 1184 bytes.</param>
/// <param name="Vek">The certificate of the key that signed it, VCEK or VLEK, DER.</param>
internal sealed record SnpEvidence(ReadOnlyMemory<byte> Report, ReadOnlyMemory<byte> Vek);
