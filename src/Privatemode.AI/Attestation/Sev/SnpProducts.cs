namespace Privatemode.AI.Attestation.Sev;

// References: AMD 57230 (VCEK and KDS interface) for the names; the model ranges are those of the families' revision guides.

/// <summary>Which product line a processor or a name belongs to; null for one we do not know, never a guess.</summary>
internal static class SnpProducts
{
    /// <summary>The line's name in certificates and in paths of AMD's key distribution.</summary>
    public static string Name(SnpProduct product) => product switch
    {
        SnpProduct.Milan => "Milan",
        SnpProduct.Genoa => "Genoa",
        SnpProduct.Turin => "Turin",
        _ => throw new ArgumentOutOfRangeException(nameof(product)),
    };

    /// <summary>The line with exactly this name.</summary>
    public static SnpProduct? FromName(ReadOnlySpan<char> name) => name switch
    {
        "Milan" => SnpProduct.Milan,
        "Genoa" => SnpProduct.Genoa,
        "Turin" => SnpProduct.Turin,
        _ => null,
    };

    /// <summary>The line of a productName extension: the name alone or with a stepping, as in "Milan-B0".</summary>
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

    /// <summary>The line of a processor by its combined family and model. Later models of family 0x1A have another TCB layout.</summary>
    public static SnpProduct? FromCpuid(byte family, byte model) => (family, model) switch
    {
        (0x19, <= 0x0f) => SnpProduct.Milan,
        (0x19, >= 0x10 and <= 0x1f) => SnpProduct.Genoa,
        (0x19, >= 0xa0 and <= 0xaf) => SnpProduct.Genoa,
        (0x1a, <= 0x11) => SnpProduct.Turin,
        _ => null,
    };
}
