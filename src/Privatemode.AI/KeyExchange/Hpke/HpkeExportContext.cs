using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Privatemode.AI.KeyExchange.Hpke;

// Reference: RFC 9180, section 5.1 (KeySchedule, mode_base) and section 5.3 (secret export).
// key and base_nonce have length 0 in an export-only suite and are left out: HKDF.Expand refuses an empty output.

/// <summary>The context that both sides share after the setup. It exports secrets and encrypts nothing.</summary>
internal sealed class HpkeExportContext : IDisposable
{
    private const byte ModeBase = 0x00;

    private readonly byte[] _suiteId;
    private readonly byte[] _exporterSecret = GC.AllocateArray<byte>(HpkeKdf.HashSize, pinned: true);
    private bool _disposed;

    private HpkeExportContext(byte[] suiteId) => _suiteId = suiteId;

    /// <summary>SetupBaseR, section 5.1.1, with an empty info.</summary>
    /// <exception cref="CryptographicException">The encapsulated key has the wrong length or a small-order X25519 part.</exception>
    public static HpkeExportContext SetupBaseRecipient(ReadOnlySpan<byte> encapsulatedKey, XWingPrivateKey privateKey)
    {
        Span<byte> sharedSecret = stackalloc byte[XWing.SharedSecretSize];
        try
        {
            privateKey.Decapsulate(encapsulatedKey, sharedSecret);
            return ScheduleBase(HpkeSuite.Id, sharedSecret, info: []);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(sharedSecret);
        }
    }

    /// <summary>KeySchedule(mode_base, shared_secret, info, "", "").</summary>
    internal static HpkeExportContext ScheduleBase(ReadOnlySpan<byte> suiteId, ReadOnlySpan<byte> sharedSecret, ReadOnlySpan<byte> info)
    {
        Span<byte> pskIdHash = stackalloc byte[HpkeKdf.HashSize];
        Span<byte> infoHash = stackalloc byte[HpkeKdf.HashSize];
        Span<byte> secret = stackalloc byte[HpkeKdf.HashSize];
        HpkeExportContext context = new(suiteId.ToArray());
        try
        {
            HpkeKdf.LabeledExtract(suiteId, salt: [], "psk_id_hash"u8, ikm: [], pskIdHash);
            HpkeKdf.LabeledExtract(suiteId, salt: [], "info_hash"u8, info, infoHash);
            ReadOnlySpan<byte> keyScheduleContext = [ModeBase, .. pskIdHash, .. infoHash];
            HpkeKdf.LabeledExtract(suiteId, sharedSecret, "secret"u8, ikm: [], secret);
            HpkeKdf.LabeledExpand(suiteId, secret, "exp"u8, keyScheduleContext, context._exporterSecret);
            return context;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    /// <summary>Context.Export(exporter_context, L), where L is the length of the output: from 1 to 8160 bytes.</summary>
    public void Export(ReadOnlySpan<byte> exporterContext, Span<byte> output)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        HpkeKdf.LabeledExpand(_suiteId, _exporterSecret, "sec"u8, exporterContext, output);
    }

    public void Dispose()
    {
        _disposed = true;
        CryptographicOperations.ZeroMemory(_exporterSecret);
    }
}

// Reference: RFC 9180, section 4 (LabeledExtract, LabeledExpand) over HKDF-SHA256 of RFC 5869. Nh = 32 bytes.

/// <summary>HKDF with HPKE's labels. The platform's span overloads leave no copy of a secret behind.</summary>
internal static class HpkeKdf
{
    /// <summary>Length of an extracted key, Nh, in bytes.</summary>
    public const int HashSize = SHA256.HashSizeInBytes;

    private static ReadOnlySpan<byte> Version => "HPKE-v1"u8;

    /// <summary>LabeledExtract(salt, label, ikm). In this protocol, only the salt can be secret.</summary>
    public static void LabeledExtract(
        ReadOnlySpan<byte> suiteId, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> label, ReadOnlySpan<byte> ikm, Span<byte> key)
    {
        // Never empty, which matters: the platform's HKDF.Extract fails on an empty ikm span.
        byte[] labeledIkm = [.. Version, .. suiteId, .. label, .. ikm];
        if (HKDF.Extract(HashAlgorithmName.SHA256, labeledIkm, salt, key) != HashSize)
        {
            throw new CryptographicException("HKDF-SHA256 returned a key whose length is not 32 bytes.");
        }
    }

    /// <summary>LabeledExpand(prk, label, info, L) with L = the length of the output, from 1 to 255 * 32 bytes.</summary>
    public static void LabeledExpand(
        ReadOnlySpan<byte> suiteId, ReadOnlySpan<byte> key, ReadOnlySpan<byte> label, ReadOnlySpan<byte> info, Span<byte> output)
    {
        Span<byte> length = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16BigEndian(length, checked((ushort)output.Length));
        byte[] labeledInfo = [.. length, .. Version, .. suiteId, .. label, .. info];
        HKDF.Expand(HashAlgorithmName.SHA256, key, output, labeledInfo);
    }
}

// Reference: RFC 9180, section 7 (identifiers) and section 5.1 (suite_id); KEM of draft-ietf-hpke-pq.

/// <summary>The one suite of this protocol: X-Wing, HKDF-SHA256, export only.</summary>
internal static class HpkeSuite
{
    /// <summary>MLKEM768-X25519.</summary>
    public const ushort KemId = 0x647A;

    /// <summary>HKDF-SHA256.</summary>
    public const ushort KdfId = 0x0001;

    /// <summary>Export-only: no message is encrypted, so there is neither a key nor a nonce.</summary>
    public const ushort AeadId = 0xFFFF;

    /// <summary>suite_id = "HPKE" ‖ I2OSP(kem_id, 2) ‖ I2OSP(kdf_id, 2) ‖ I2OSP(aead_id, 2).</summary>
    public static ReadOnlySpan<byte> Id =>
    [
        (byte)'H', (byte)'P', (byte)'K', (byte)'E',
        KemId >> 8, KemId & 0xFF, KdfId >> 8, KdfId & 0xFF, AeadId >> 8, AeadId & 0xFF,
    ];
}
