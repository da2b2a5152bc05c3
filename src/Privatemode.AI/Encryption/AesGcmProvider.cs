namespace Privatemode.AI.Encryption;

/// <summary>Which implementation of AES-256-GCM to use. Both give the same results.</summary>
internal enum AesGcmProvider
{
    /// <summary>libsodium's where it is available and faster, otherwise the platform's.</summary>
    Automatic,

    /// <summary>Always the platform's.</summary>
    Platform,
}
