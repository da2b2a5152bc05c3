namespace Privatemode.AI.Encryption;

/// <summary>Which implementation of AES-256-GCM to use. Both give the same results.</summary>
internal enum AesGcmProvider
{
    /// <summary>libsodium's where it is faster and can be used, else the platform's.</summary>
    Automatic,

    /// <summary>The platform's, always.</summary>
    Platform,
}
