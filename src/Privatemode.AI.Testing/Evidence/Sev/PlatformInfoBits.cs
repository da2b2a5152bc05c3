namespace Privatemode.AI.Testing.Evidence.Sev;

/// <summary>Bits of a report's platform information.</summary>
internal static class PlatformInfoBits
{
    public const ulong Smt = 1;
    public const ulong Tsme = 1 << 1;
    public const ulong Ecc = 1 << 2;
    public const ulong AliasCheckComplete = 1 << 5;
    public const ulong Reserved6 = 1 << 6;
    public const ulong Tio = 1 << 7;
    public const ulong Reserved8 = 1 << 8;

    /// <summary>The platform of the deployment.</summary>
    public const ulong Deployment = Ecc | AliasCheckComplete;
}
