using Privatemode.AI.Tests.Attestation.Certificates;

namespace Privatemode.AI.Tests.Attestation.Tdx;

/// <summary>Writes the platform data of a PCK certificate, right or wrong; without settings it is complete.</summary>
internal sealed record PckExtensionWriter
{
    public const string Root = "1.2.840.113741.1.13.1";

    /// <summary>Components 1 to 16.</summary>
    public byte[] Components { get; init; } = [5, 5, 5, 5, 5, 5, 5, 5, 0, 0, 0, 0, 0, 0, 0, 0];

    public int PceSvn { get; init; } = 13;

    public byte[] CpuSvn { get; init; } = new byte[16];

    public byte[] PceId { get; init; } = [0, 0];

    public byte[] Fmspc { get; init; } = [0xB0, 0xC0, 0x6F, 0, 0, 0];

    public byte[]? SgxType { get; init; } = Enumerated(1);

    public byte[]? PlatformInstanceId { get; init; } = [.. Enumerable.Range(1, 16).Select(i => (byte)i)];

    public byte[]? Configuration { get; init; } = Der.Sequence(
        Pair($"{Root}.7.1", Boolean(false)), Pair($"{Root}.7.2", Boolean(true)), Pair($"{Root}.7.3", Boolean(false)));

    /// <summary>The pairs of the TCB, in order.</summary>
    public IEnumerable<byte[]> Tcb =>
    [
        .. Components.Select((svn, i) => Pair($"{Root}.2.{i + 1}", Der.Integer(svn))),
        Pair($"{Root}.2.17", Der.Integer(PceSvn)),
        Pair($"{Root}.2.18", Octets(CpuSvn)),
    ];

    /// <summary>All pairs, in order.</summary>
    public IEnumerable<byte[]> Pairs => PairsWith(Der.Sequence([.. Tcb]));

    public byte[] Write() => Der.Sequence([.. Pairs]);

    /// <summary>All pairs, with another value for the TCB.</summary>
    public IEnumerable<byte[]> PairsWith(byte[] tcb)
    {
        yield return Pair($"{Root}.1", Octets(new byte[16]));
        yield return Pair($"{Root}.2", tcb);
        yield return Pair($"{Root}.3", Octets(PceId));
        yield return Pair($"{Root}.4", Octets(Fmspc));
        if (SgxType is not null)
        {
            yield return Pair($"{Root}.5", SgxType);
        }

        if (PlatformInstanceId is not null)
        {
            yield return Pair($"{Root}.6", Octets(PlatformInstanceId));
        }

        if (Configuration is not null)
        {
            yield return Pair($"{Root}.7", Configuration);
        }
    }

    public static byte[] Pair(string identifier, byte[] value) => Der.Sequence(Der.Identifier(identifier), value);

    public static byte[] Octets(byte[] content) => [0x04, (byte)content.Length, .. content];

    public static byte[] Boolean(bool value) => [0x01, 0x01, (byte)(value ? 0xff : 0)];

    public static byte[] Enumerated(params byte[] content) => [0x0a, (byte)content.Length, .. content];
}
