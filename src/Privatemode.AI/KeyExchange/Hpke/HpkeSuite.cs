namespace Privatemode.AI.KeyExchange.Hpke;

// Reference: RFC 9180, section 7 (identifiers) and section 5.1 (suite_id); KEM of draft-ietf-hpke-pq.

/// <summary>The one suite of this protocol: X-Wing, HKDF-SHA256, export only.</summary>
internal static class HpkeSuite
{
    /// <summary>MLKEM768-X25519.</summary>
    public const ushort KemId = 0x647A;

    /// <summary>HKDF-SHA256.</summary>
    public const ushort KdfId = 0x0001;

    /// <summary>Export-only: no message is sealed, so there is neither a key nor a nonce.</summary>
    public const ushort AeadId = 0xFFFF;

    /// <summary>suite_id = "HPKE" ‖ I2OSP(kem_id, 2) ‖ I2OSP(kdf_id, 2) ‖ I2OSP(aead_id, 2).</summary>
    public static ReadOnlySpan<byte> Id =>
    [
        (byte)'H', (byte)'P', (byte)'K', (byte)'E',
        KemId >> 8, KemId & 0xFF, KdfId >> 8, KdfId & 0xFF, AeadId >> 8, AeadId & 0xFF,
    ];
}
