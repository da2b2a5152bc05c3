namespace Privatemode.AI.KeyExchange.Hpke;

// Reference: FIPS 203, table 3.

/// <summary>Sizes of ML-KEM-768, in bytes.</summary>
internal static class MlKem768
{
    /// <summary>Length of the key seed d ‖ z.</summary>
    public const int SeedSize = 64;

    /// <summary>Length of the encapsulation key.</summary>
    public const int EncapsulationKeySize = 1184;

    /// <summary>Length of a ciphertext.</summary>
    public const int CiphertextSize = 1088;

    /// <summary>Length of the shared secret.</summary>
    public const int SharedSecretSize = 32;
}
