using System.Buffers;
using System.Security.Cryptography;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Encryption;

/// <summary>Encrypts the values of one request and decrypts those of its answer. Both are numbered from 0.</summary>
/// <remarks>
/// Use one instance for one exchange, and a new instance for a retry. Encrypt all values before you decrypt the first one. After a failure, no further value is
/// decrypted. Not thread-safe.
/// </remarks>
/// <param name="key">The key, which outlives the exchange.</param>
/// <param name="secretId">The ID of the secret, in UTF-8.</param>
/// <param name="nonce">Nonce of the exchange, 12 bytes: random, and used for no other exchange.</param>
internal sealed class ExchangeCipher(AesGcmKey key, ReadOnlyMemory<byte> secretId, byte[] nonce) : IDisposable
{
    // The ciphertext of a value is written to the second half of its own hex text, and expanded from the start in steps of this many bytes.
    private const int SpreadSize = 1024;

    // Values of an event, and most values of a complete answer, are short: their ciphertext fits into a buffer of the thread.
    private const int ShortSize = 512;

    private const int FirstIvs = 4;

    [ThreadStatic]
    private static byte[]? _short;

    private readonly FieldCipher _cipher = new(key, nonce);

    // Drawn a few at a time: each draw has a fixed cost, and most requests have few values. The first ones are in use.
    private byte[] _ivs = [];
    private int _sent; // the number of a value is how many were sent before
    private ulong _received;
    private bool _isEncryptedInPlace;
    private bool _isDecrypting;
    private bool _hasFailed;

    /// <summary>Begins an exchange with a new random nonce.</summary>
    /// <param name="key">The key, which outlives the exchange.</param>
    /// <param name="secretId">The ID of the secret, in UTF-8.</param>
    public static ExchangeCipher Begin(AesGcmKey key, ReadOnlyMemory<byte> secretId)
    {
        // The nonce and the first IVs, in one draw.
        Span<byte> random = stackalloc byte[FieldCipher.NonceSize + FirstIvs * FieldCipher.IvSize];
        RandomNumberGenerator.Fill(random);
        return new ExchangeCipher(key, secretId, random[..FieldCipher.NonceSize].ToArray()) { _ivs = random[FieldCipher.NonceSize..].ToArray() };
    }

    /// <summary>Length in bytes of the encrypted form, quotes included.</summary>
    public int EncryptedLength(int plaintextLength) => EncryptedValue.EncodedLength(secretId.Length, plaintextLength);

    /// <summary>Encrypts the next value into exactly <see cref="EncryptedLength"/> bytes.</summary>
    public void Encrypt(ReadOnlySpan<byte> plaintext, Span<byte> destination)
    {
        ThrowIfRequestIsOver();
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, EncryptedLength(plaintext.Length));
        Span<byte> iv = stackalloc byte[FieldCipher.IvSize];
        ulong number = DrawIv(iv);
        int prefix = EncryptedValue.WritePrefix(secretId.Span, nonce, iv, destination);
        Span<byte> hex = destination[prefix..^1];
        _cipher.Encrypt(number, iv, plaintext, hex[(hex.Length / 2)..]);
        SpreadToHex(hex);
        destination[^1] = (byte)'"';
    }

    /// <summary>Encrypts ranges of a buffer in place, in the given order. Nothing else can be encrypted in this exchange afterwards.</summary>
    /// <returns>An object that restores the plaintext; it has its own cipher until it is disposed.</returns>
    public InPlaceEncryption EncryptInPlace(Span<byte> buffer, ReadOnlySpan<ValueRange> ranges)
    {
        ThrowIfRequestIsOver();
        InPlaceEncryption encryption = new(_cipher.Copy(), secretId, nonce);
        _isEncryptedInPlace = true;
        try
        {
            foreach (ValueRange range in ranges)
            {
                byte[] iv = new byte[FieldCipher.IvSize];
                encryption.Add(buffer, range, DrawIv(iv), iv);
            }

            return encryption;
        }
        catch
        {
            encryption.Reclaim(buffer);
            encryption.Dispose();
            throw;
        }
    }

    /// <summary>Returns the length in bytes of the plaintext of a raw JSON value, and the number of bytes before its ciphertext; -1 if it is not
    /// encrypted.</summary>
    public static int PlaintextLength(Utf8Sequence raw, out int headLength)
    {
        headLength = EncryptedValue.FindCiphertext(raw);
        return headLength < 0 ? -1 : ((raw.Length - 1 - headLength) / 2) - FieldCipher.TagSize;
    }

    /// <summary>Decrypts the next value of the answer. Both lengths are results of <see cref="PlaintextLength"/>.</summary>
    /// <returns>The fault of the value. After any result other than <see cref="AnswerFault.None"/>, every further call fails.</returns>
    public AnswerFault Decrypt(Utf8Sequence raw, int headLength, Span<byte> plaintext)
    {
        _isDecrypting = true;
        if (_hasFailed)
        {
            return AnswerFault.AlreadyFailed;
        }

        // Failed until proven otherwise, so that the state is right if an exception is thrown.
        _hasFailed = true;
        AnswerFault fault = DecryptNext(raw, headLength, plaintext);
        _hasFailed = fault != AnswerFault.None;
        _received++;
        return fault;
    }

    public void Dispose() => _cipher.Dispose();

    private void ThrowIfRequestIsOver()
    {
        if (_isDecrypting)
        {
            throw new InvalidOperationException("Nothing may be encrypted after the answer has begun.");
        }

        if (_isEncryptedInPlace)
        {
            throw new InvalidOperationException("The request of this exchange is encrypted already.");
        }
    }

    private AnswerFault DecryptNext(Utf8Sequence raw, int headLength, Span<byte> plaintext)
    {
        Span<byte> iv = stackalloc byte[FieldCipher.IvSize];
        int hexLength = 2 * (plaintext.Length + FieldCipher.TagSize);
        if (headLength < 0 || raw.Length != headLength + hexLength + 1 || !EncryptedValue.TryReadIv(raw, headLength, iv))
        {
            return AnswerFault.UnencryptedMember;
        }

        // Both directions share key, nonce and numbering: a value of the request would be accepted as the answer's value of the same number.
        if (WasSent(iv))
        {
            return AnswerFault.Reflected;
        }

        Utf8Sequence hex = raw.Slice(headLength, hexLength);
        return _cipher.DecryptsInPlace(plaintext.Length) ? DecryptInPlace(iv, hex, plaintext) : DecryptCopy(iv, hex, plaintext);
    }

    private AnswerFault DecryptInPlace(ReadOnlySpan<byte> iv, Utf8Sequence hex, Span<byte> plaintext)
    {
        Span<byte> tag = stackalloc byte[FieldCipher.TagSize];
        int tagStart = 2 * plaintext.Length;
        if (!EncryptedValue.TryReadHex(hex.Slice(0, tagStart), plaintext) || !EncryptedValue.TryReadHex(hex.Slice(tagStart, hex.Length - tagStart), tag))
        {
            plaintext.Clear();
            return AnswerFault.UnencryptedMember;
        }

        return _cipher.TryDecryptInPlace(_received, iv, plaintext, tag) ? AnswerFault.None : AnswerFault.NotAuthentic;
    }

    private AnswerFault DecryptCopy(ReadOnlySpan<byte> iv, Utf8Sequence hex, Span<byte> plaintext)
    {
        int length = plaintext.Length + FieldCipher.TagSize;
        byte[]? rented = length <= ShortSize ? null : ArrayPool<byte>.Shared.Rent(length);
        try
        {
            Span<byte> ciphertext = (rented ?? (_short ??= new byte[ShortSize])).AsSpan(0, length);
            if (!EncryptedValue.TryReadHex(hex, ciphertext))
            {
                plaintext.Clear();
                return AnswerFault.UnencryptedMember;
            }

            return _cipher.TryDecrypt(_received, iv, ciphertext, plaintext) ? AnswerFault.None : AnswerFault.NotAuthentic;
        }
        finally
        {
            // This is ciphertext, so nothing must be cleared.
            if (rented is not null)
            {
                ArrayPool<byte>.Shared.Return(rented);
            }
        }
    }

    /// <returns>The number of the value that the IV is for.</returns>
    private ulong DrawIv(Span<byte> iv)
    {
        int at = _sent * FieldCipher.IvSize;
        if (at == _ivs.Length)
        {
            // Kept only when it is filled: an IV of zeros must never be used.
            byte[] more = new byte[Math.Max(2 * at, FirstIvs * FieldCipher.IvSize)];
            _ivs.CopyTo(more, 0);
            RandomNumberGenerator.Fill(more.AsSpan(at));
            _ivs = more;
        }

        _ivs.AsSpan(at, FieldCipher.IvSize).CopyTo(iv);
        return (ulong)_sent++;
    }

    private bool WasSent(ReadOnlySpan<byte> iv)
    {
        for (int i = 0; i < _sent; i++)
        {
            if (_ivs.AsSpan(i * FieldCipher.IvSize, FieldCipher.IvSize).SequenceEqual(iv))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Converts the raw bytes in the second half of <paramref name="hex"/> to hex that fills all of it.</summary>
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
