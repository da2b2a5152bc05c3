namespace Privatemode.AI.KeyExchange.Hpke;

/// <summary>Whose ML-KEM to use. Both make the same key from the same seed.</summary>
internal enum MlKemProvider
{
    /// <summary>The platform's where it has one, else ours.</summary>
    Automatic,

    /// <summary>Ours, always: for tests and for narrowing down a bug report.</summary>
    Managed,

    /// <summary>The platform's, or a PlatformNotSupportedException.</summary>
    Platform,
}
