namespace Privatemode.AI.KeyExchange.Hpke;

/// <summary>Which implementation of ML-KEM, SHA-3 and SHAKE to use. All give the same results.</summary>
internal enum PrimitiveProvider
{
    /// <summary>The platform's implementation of each algorithm that the platform supports, otherwise BouncyCastle's.</summary>
    Automatic,

    /// <summary>BouncyCastle's implementation of every algorithm.</summary>
    BouncyCastle,

    /// <summary>The platform's implementation; a <see cref="PlatformNotSupportedException"/> if an algorithm is not supported.</summary>
    Platform,
}
