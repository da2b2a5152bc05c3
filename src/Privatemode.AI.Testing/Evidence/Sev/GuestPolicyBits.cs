namespace Privatemode.AI.Testing.Evidence.Sev;

/// <summary>Bits of a guest's policy.</summary>
internal static class GuestPolicyBits
{
    public const ulong Smt = 1 << 16;
    public const ulong AlwaysOne = 1 << 17;
    public const ulong MigrateMa = 1 << 18;
    public const ulong Debug = 1 << 19;
    public const ulong SingleSocket = 1 << 20;
    public const ulong CxlAllowed = 1 << 21;
    public const ulong MemAes256Xts = 1 << 22;
    public const ulong PageSwapDisable = 1 << 25;

    /// <summary>The first bit without a meaning.</summary>
    public const ulong FirstReserved = 1 << 26;

    /// <summary>The policy of the deployment: that of production, ABI 1.58.</summary>
    public const ulong Deployment = 0x013A | AlwaysOne | SingleSocket | MemAes256Xts | PageSwapDisable;
}
