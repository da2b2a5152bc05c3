using System.Runtime.InteropServices;

namespace Privatemode.AI.Attestation.Sev;

/// <summary>AMD's product lines with SEV-SNP, as AMD's key distribution service names them.</summary>
internal enum SnpProduct
{
    /// <summary>EPYC 7003. Its root seed can be extracted by software (arXiv 2605.12990); the policy decides whether it is accepted.</summary>
    Milan,

    /// <summary>EPYC 9004 and 8004, Bergamo and Siena included.</summary>
    Genoa,

    /// <summary>EPYC 9005.</summary>
    Turin,
}

// References: AMD 57230 (VCEK and KDS interface) for the names; the model ranges are those of the families' revision guides.

/// <summary>Determines the product line of a processor or a name; null if it is unknown.</summary>
internal static class SnpProducts
{
    /// <summary>Returns the product line's name in certificates and in paths of AMD's key distribution service.</summary>
    public static string Name(SnpProduct product) => product switch
    {
        SnpProduct.Milan => "Milan",
        SnpProduct.Genoa => "Genoa",
        SnpProduct.Turin => "Turin",
        _ => throw new ArgumentOutOfRangeException(nameof(product)),
    };

    /// <summary>Returns the product line with exactly this name.</summary>
    public static SnpProduct? FromName(ReadOnlySpan<char> name) => name switch
    {
        "Milan" => SnpProduct.Milan,
        "Genoa" => SnpProduct.Genoa,
        "Turin" => SnpProduct.Turin,
        _ => null,
    };

    /// <summary>Returns the product line of a productName extension: the name alone or with a stepping, as in "Milan-B0".</summary>
    public static SnpProduct? FromExtension(string productName)
    {
        int dash = productName.IndexOf('-', StringComparison.Ordinal);
        if (dash < 0)
        {
            return FromName(productName);
        }

        ReadOnlySpan<char> stepping = productName.AsSpan(dash + 1);
        bool isStepping = stepping.Length == 2 && char.IsAsciiLetterUpper(stepping[0]) && char.IsAsciiDigit(stepping[1]);
        return isStepping ? FromName(productName.AsSpan(0, dash)) : null;
    }

    /// <summary>Returns the product line of a processor with this combined family and model. Later models of family 0x1A have another TCB layout.</summary>
    public static SnpProduct? FromCpuid(byte family, byte model) => (family, model) switch
    {
        (0x19, <= 0x0f) => SnpProduct.Milan,
        (0x19, >= 0x10 and <= 0x1f) => SnpProduct.Genoa,
        (0x19, >= 0xa0 and <= 0xaf) => SnpProduct.Genoa,
        (0x1a, <= 0x11) => SnpProduct.Turin,
        _ => null,
    };
}

/// <summary>The trusted root keys (ARK), by product line: SHA-256 of the SubjectPublicKeyInfo, 64 lower-case hex digits.</summary>
internal sealed record SevTrustAnchors(IReadOnlyDictionary<SnpProduct, string> RootKeys)
{
    /// <summary>AMD's root keys.</summary>
    /// <remarks>
    /// Computed in November 2026 from the certificates ARK-Milan, ARK-Genoa and ARK-Turin, which 9, 12 and 7 public repositories hold byte
    /// for byte the same, among them google/go-sev-guest, virtee/sev and project-oak/oak; AMD publishes them at
    /// https://kdsintf.amd.com/vcek/v1/{line}/cert_chain. Their serial numbers are 0x10000, 0x20000 and 0x30000, and they are valid until
    /// 2045, 2047 and 2048. Keys are pinned, not certificates; everything below a root is trusted only if the root signed it.
    /// </remarks>
    public static SevTrustAnchors Production { get; } = new(new Dictionary<SnpProduct, string>
    {
        [SnpProduct.Milan] = "9f056bee44377e29308cb5ffa895bdfb62d18881fa6bed8d6f075b0204089cb9",
        [SnpProduct.Genoa] = "429a69c9422aa258ee4d8db5fcda9c6470ef15f8cd5a9cebd6cbc7d90b863831",
        [SnpProduct.Turin] = "4f125410563a2ab9a50356f9243f6fe0b6f73de98603f53f90339c70e9d7ad08",
    });

    /// <summary>The product line of this root key, or null if it is not a trusted root key.</summary>
    public SnpProduct? Find(ReadOnlySpan<byte> subjectPublicKeyInfoSha256)
    {
        string fingerprint = Convert.ToHexStringLower(subjectPublicKeyInfoSha256);
        foreach ((SnpProduct product, string pinned) in RootKeys)
        {
            if (pinned == fingerprint)
            {
                return product;
            }
        }

        return null;
    }
}

// Reference: AMD 56860 (SNP firmware ABI), TCB_VERSION; the layout depends on the product. Never compared as one number: newer
// microcode would compensate for older firmware.

/// <summary>Security patch levels of the firmware, one per component. <see cref="Fmc"/> exists from Turin on and is 0 before.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct TcbVersion(byte Fmc, byte BootLoader, byte Tee, byte Snp, byte Microcode)
{
    private const ulong ReservedBeforeTurin = 0x0000_ffff_ffff_0000;
    private const ulong ReservedOnTurin = 0x00ff_ffff_0000_0000;

    /// <summary>Reads the 8 bytes of a report in the layout of a product; null if reserved bytes are not zero.</summary>
    public static TcbVersion? Read(ulong value, SnpProduct product)
    {
        bool turin = product == SnpProduct.Turin;
        if ((value & (turin ? ReservedOnTurin : ReservedBeforeTurin)) != 0)
        {
            return null;
        }

        return turin
            ? new TcbVersion(Byte(value, 0), Byte(value, 1), Byte(value, 2), Byte(value, 3), Byte(value, 7))
            : new TcbVersion(0, Byte(value, 0), Byte(value, 1), Byte(value, 6), Byte(value, 7));
    }

    /// <summary>Returns whether no component is older than in <paramref name="minimum"/>.</summary>
    public bool IsAtLeast(TcbVersion minimum) =>
        Fmc >= minimum.Fmc
        && BootLoader >= minimum.BootLoader
        && Tee >= minimum.Tee
        && Snp >= minimum.Snp
        && Microcode >= minimum.Microcode;

    public override string ToString() => $"fmc {Fmc}, boot loader {BootLoader}, tee {Tee}, snp {Snp}, microcode {Microcode}";

    private static byte Byte(ulong value, int index) => (byte)((value >> (8 * index)) & 0xff);
}

/// <summary>The four TCB versions of a report. The reported and the committed version are not greater than the current one.</summary>
/// <remarks>
/// The reported version can be greater than the committed one: by AMD 56860 (SNP_CONFIG, SNP_COMMIT) the firmware reports the current TCB unless the host sets
/// a lower one, whether it is committed or can still be rolled back.
/// </remarks>
/// <param name="Reported">The TCB for which the signing key was derived; only this one is proved by the key itself.</param>
/// <param name="Committed">The TCB below which the firmware cannot be rolled back.</param>
/// <param name="Current">The TCB that is running.</param>
/// <param name="Launch">The TCB that was running when the guest was launched.</param>
internal sealed record SnpTcb(TcbVersion Reported, TcbVersion Committed, TcbVersion Current, TcbVersion Launch)
{
    /// <summary>Reads all four in the layout of a product.</summary>
    /// <exception cref="PrivatemodeVerificationException">One of them uses reserved bytes.</exception>
    public static SnpTcb Read(SnpReport report, SnpProduct product) => new(
        Read(report.ReportedTcb, product), Read(report.CommittedTcb, product), Read(report.CurrentTcb, product), Read(report.LaunchTcb, product));

    private static TcbVersion Read(ulong value, SnpProduct product) => TcbVersion.Read(value, product) ?? throw SevExceptions.Create(
        SevChecks.TcbReserved, "A TCB version of the report uses bytes that are reserved for its product line", "zero in reserved bytes", $"0x{value:x16}");
}
