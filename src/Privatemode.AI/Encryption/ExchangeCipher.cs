using System.Buffers;
using System.Security.Cryptography;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Encryption;

/// <summary>Seals the values of one request and opens those of its answer.</summary>
/// <remarks>
/// One instance is one exchange (a retry is a new one): fresh random nonce, both counters from 0.
/// First all sealing, then all opening; after one failed opening nothing opens any more.
/// Not thread-safe: one thread at a time.
/// </remarks>
internal sealed class ExchangeCipher : IDisposable
{
    // The ciphertext of a value is produced in the back half of its own hex text and spread forward in steps of this many bytes.
    private const int SpreadSize = 1024;

    // Values of an event are short: their ciphertext fits into a buffer of the exchange.
    private const int ShortSize = 512;

    private readonly byte[] _nonce = new byte[FieldCipher.NonceSize];
    private readonly ReadOnlyMemory<byte> _secretId;
    private readonly byte[] _short = new byte[ShortSize];
    private FieldCipher? _requests;
    private readonly FieldCipher _responses;
    private readonly List<UInt128> _sentIvs = new(capacity: 8);
    private readonly Queue<byte[]>? _fixedIvs;
    private bool _opening;
    private bool _failed;

    public ExchangeCipher(AesGcmKey key, ReadOnlyMemory<byte> secretId)
        : this(key, secretId, RandomNumberGenerator.GetBytes(FieldCipher.NonceSize))
    {
    }

    /// <summary>With a given nonce and IVs: only for known-answer tests.</summary>
    internal ExchangeCipher(AesGcmKey key, ReadOnlyMemory<byte> secretId, ReadOnlySpan<byte> nonce, IEnumerable<byte[]>? fixedIvs = null)
    {
        nonce.CopyTo(_nonce);
        _secretId = secretId;
        _fixedIvs = fixedIvs is null ? null : new Queue<byte[]>(fixedIvs);
        _requests = new FieldCipher(key, nonce);
        _responses = new FieldCipher(key, nonce);
    }

    /// <summary>Length in bytes of the sealed form, quotes included.</summary>
    public int SealedLength(int plaintextLength) => EncryptedValue.EncodedLength(_secretId.Length, plaintextLength);

    /// <summary>Seals the next value into exactly <see cref="SealedLength"/> bytes.</summary>
    public void Seal(ReadOnlySpan<byte> plaintext, Span<byte> destination)
    {
        FieldCipher requests = Requests();
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, SealedLength(plaintext.Length));
        Span<byte> iv = stackalloc byte[FieldCipher.IvSize];
        DrawIv(iv);
        int prefix = EncryptedValue.WritePrefix(_secretId.Span, _nonce, iv, destination);
        Span<byte> hex = destination[prefix..^1];
        Span<byte> sealedBytes = hex[(hex.Length / 2)..];
        requests.Encrypt(iv, plaintext, sealedBytes);
        SpreadToHex(hex);
        destination[^1] = (byte)'"';
    }

    /// <summary>Seals ranges of a buffer where they lie, in the order given. Nothing else can be sealed in this exchange afterwards.</summary>
    /// <returns>What gives the plaintext back; keeps the key of the exchange until it is disposed.</returns>
    public InPlaceEncryption SealInPlace(Span<byte> buffer, ReadOnlySpan<ValueRange> ranges)
    {
        InPlaceEncryption seal = new(Requests(), _secretId, _nonce);
        _requests = null;
        try
        {
            foreach (ValueRange range in ranges)
            {
                byte[] iv = new byte[FieldCipher.IvSize];
                DrawIv(iv);
                seal.Add(buffer, range, iv);
            }

            return seal;
        }
        catch
        {
            seal.TakeBack(buffer);
            seal.Dispose();
            throw;
        }
    }

    /// <summary>Finds out whether a raw JSON value is an encrypted one.</summary>
    /// <param name="raw">The value.</param>
    /// <param name="headLength">How many bytes of it come before the ciphertext.</param>
    /// <returns>Length in bytes of its plaintext; -1 if it is not encrypted.</returns>
    public static int PlaintextLength(Utf8Sequence raw, out int headLength)
    {
        headLength = EncryptedValue.FindCiphertext(raw);
        return headLength < 0 ? -1 : ((raw.Length - 1 - headLength) / 2) - FieldCipher.TagSize;
    }

    /// <summary>Opens the next value of the answer.</summary>
    /// <param name="raw">The value.</param>
    /// <param name="headLength">As <see cref="PlaintextLength"/> found it.</param>
    /// <param name="plaintext">Exactly as long as the plaintext.</param>
    /// <returns>What went wrong; after anything but <see cref="DecryptionResult.Opened"/> every further call fails.</returns>
    public DecryptionResult Open(Utf8Sequence raw, int headLength, Span<byte> plaintext)
    {
        _opening = true;
        if (_failed)
        {
            return DecryptionResult.AlreadyFailed;
        }

        // Failed until proven otherwise, so that an exception leaves nothing open.
        _failed = true;
        DecryptionResult result = OpenNext(raw, headLength, plaintext);
        _failed = result != DecryptionResult.Opened;
        return result;
    }

    public void Dispose()
    {
        _requests?.Dispose();
        _responses.Dispose();
    }

    private FieldCipher Requests()
    {
        if (_opening)
        {
            throw new InvalidOperationException("Nothing may be sealed after the answer has begun.");
        }

        return _requests ?? throw new InvalidOperationException("The request of this exchange is sealed already.");
    }

    private DecryptionResult OpenNext(Utf8Sequence raw, int headLength, Span<byte> plaintext)
    {
        Span<byte> iv = stackalloc byte[FieldCipher.IvSize];
        int hexLength = 2 * (plaintext.Length + FieldCipher.TagSize);
        if (headLength < 0 || raw.Length != headLength + hexLength + 1 || !EncryptedValue.TryReadIv(raw, headLength, iv))
        {
            return DecryptionResult.Malformed;
        }

        // Both directions share key, nonce and numbering: our own value would open as the answer's value of the same number.
        if (_sentIvs.Contains(AsNumber(iv)))
        {
            return DecryptionResult.Reflected;
        }

        Utf8Sequence hex = raw.Slice(headLength, hexLength);

        return _responses.DecryptsInPlace(plaintext.Length) ? OpenInPlace(iv, hex, plaintext) : OpenCopied(iv, hex, plaintext);
    }

    private DecryptionResult OpenInPlace(ReadOnlySpan<byte> iv, Utf8Sequence hex, Span<byte> plaintext)
    {
        Span<byte> tag = stackalloc byte[FieldCipher.TagSize];
        int tagStart = 2 * plaintext.Length;
        if (!EncryptedValue.TryReadHex(hex.Slice(0, tagStart), plaintext) || !EncryptedValue.TryReadHex(hex.Slice(tagStart, hex.Length - tagStart), tag))
        {
            plaintext.Clear();
            return DecryptionResult.Malformed;
        }

        return _responses.TryDecryptInPlace(iv, plaintext, tag) ? DecryptionResult.Opened : DecryptionResult.NotAuthentic;
    }

    private DecryptionResult OpenCopied(ReadOnlySpan<byte> iv, Utf8Sequence hex, Span<byte> plaintext)
    {
        int length = plaintext.Length + FieldCipher.TagSize;
        byte[]? rented = length <= ShortSize ? null : ArrayPool<byte>.Shared.Rent(length);
        try
        {
            Span<byte> sealedBytes = (rented ?? _short).AsSpan(0, length);
            if (!EncryptedValue.TryReadHex(hex, sealedBytes))
            {
                plaintext.Clear();
                return DecryptionResult.Malformed;
            }

            return _responses.TryDecrypt(iv, sealedBytes, plaintext) ? DecryptionResult.Opened : DecryptionResult.NotAuthentic;
        }
        finally
        {
            // Ciphertext: there is nothing to clear.
            if (rented is not null)
            {
                ArrayPool<byte>.Shared.Return(rented);
            }
        }
    }

    private void DrawIv(Span<byte> iv)
    {
        if (_fixedIvs is null)
        {
            RandomNumberGenerator.Fill(iv);
        }
        else
        {
            _fixedIvs.Dequeue().CopyTo(iv);
        }

        _sentIvs.Add(AsNumber(iv));
    }

    private static UInt128 AsNumber(ReadOnlySpan<byte> iv)
    {
        Span<byte> wide = stackalloc byte[16];
        wide.Clear();
        iv.CopyTo(wide);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(wide);
    }

    /// <summary>Turns the raw bytes in the back half of <paramref name="hex"/> into hex that fills all of it.</summary>
    /// <remarks>
    /// Reading at n + i and writing at 2i never overtakes: a step of c bytes writes up to 2(i + c), which is at most
    /// n + i + c, where the next step reads, as long as i + c is at most n. The step itself is copied out first.
    /// </remarks>
    private static void SpreadToHex(Span<byte> hex)
    {
        Span<byte> step = stackalloc byte[SpreadSize];
        int count = hex.Length / 2;
        for (int i = 0; i < count; i += SpreadSize)
        {
            int length = Math.Min(SpreadSize, count - i);
            hex.Slice(count + i, length).CopyTo(step);
            EncryptedValue.WriteHex(step[..length], hex[(2 * i)..]);
        }
    }
}

/// <summary>Outcome of opening one sealed value.</summary>
internal enum DecryptionResult
{
    Opened,

    /// <summary>Not of the form id:nonce:iv:ciphertext.</summary>
    Malformed,

    /// <summary>Altered, out of order, or an answer to another request.</summary>
    NotAuthentic,

    /// <summary>A value of our own request, sent back to us.</summary>
    Reflected,

    /// <summary>An earlier value of this exchange failed.</summary>
    AlreadyFailed,
}
