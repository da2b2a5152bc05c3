using System.Security.Cryptography;

namespace Privatemode.AI.KeyExchange.Hpke;

// Reference: RFC 9180, section 5.1 (KeySchedule, mode_base) and section 5.3 (secret export).
// key and base_nonce have length 0 in an export-only suite and are left out: HKDF.Expand refuses an empty output.

/// <summary>What both sides hold after the set-up: exports secrets, seals nothing.</summary>
internal sealed class HpkeExportContext : IDisposable
{
    private const byte ModeBase = 0x00;

    private readonly byte[] _suiteId;
    private readonly byte[] _exporterSecret = GC.AllocateArray<byte>(HpkeKdf.HashSize, pinned: true);
    private bool _disposed;

    private HpkeExportContext(byte[] suiteId) => _suiteId = suiteId;

    /// <summary>exporter_secret. Secret; outside this class only the tests look at it.</summary>
    internal ReadOnlySpan<byte> ExporterSecret => _exporterSecret;

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

    /// <summary>KeySchedule(mode_base, shared_secret, info, "", ""). Another suite or info: only for known-answer tests.</summary>
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
