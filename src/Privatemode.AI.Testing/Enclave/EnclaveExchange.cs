using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Testing.Enclave;

/// <summary>The inference proxy's side of one exchange: decrypts the values of a request, then encrypts those of its answer.</summary>
/// <remarks>Each value contains the ID of the secret with which it is encrypted; the ID in the header of the request is not used here.</remarks>
internal sealed class EnclaveExchange(SecretStore secrets, EnclaveEndpoint endpoint) : IDisposable
{
    private const int IvSize = 12;
    private const int TagSize = 16;

    private byte[] _nonce = [];
    private byte[] _secretId = [];
    private AesGcm? _answers;
    private uint _decrypted;
    private uint _encrypted;

    public EnclaveEndpoint Endpoint => endpoint;

    /// <summary>The encrypted values of the request as they were received, in the order in which they were encrypted.</summary>
    public List<byte[]> SealedRequestValues { get; } = [];

    /// <summary>Decrypts the members of a JSON body.</summary>
    /// <exception cref="EnclaveException">The body is not encrypted in the required form.</exception>
    public string OpenRequest(ReadOnlySpan<byte> body)
    {
        // The service passes an empty body on.
        if (body.IsEmpty)
        {
            return "";
        }

        using JsonIndex index = new();
        JsonShape shape = index.Read(body, allowArray: true);
        switch (shape)
        {
            case JsonShape.Usable:
                break;
            case JsonShape.NotAnObject:
                // A lone value has no members, so the service looks for one without a name.
                _ = Open([], Where(""));
                break;
            case JsonShape.Malformed or JsonShape.InvalidUtf8:
                throw new EnclaveException(500, endpoint.Refusing + "invalid JSON data");
            default:
                // The service finds another value under such names, and cannot decrypt it.
                throw new EnclaveException(500, $"{endpoint.Refusing}mutating request: a name of the body is not clear: {shape}");
        }

        Dictionary<int, byte[]> opened = [];
        foreach (int i in index.Order)
        {
            ReadOnlySpan<byte> name = index.Name(index.Members[i]);
            if (!endpoint.Request.Contains(name))
            {
                opened[i] = Open(index.Members[i].Value(body), Where(Encoding.UTF8.GetString(name)));
            }
        }

        return Rewrite(body, index, opened);

        static string Where(string name) => $"mutating request: mutating field {GoText.Quote(name)}: ";
    }

    /// <summary>Decrypts the next value: a member, a part of a form, or a body that is encrypted as a whole.</summary>
    /// <param name="raw">The value as it was received.</param>
    /// <param name="where">The description of its position for an error, in the service's words.</param>
    /// <exception cref="EnclaveException">The value cannot be decrypted.</exception>
    public byte[] Open(ReadOnlySpan<byte> raw, string where)
    {
        ReceivedValue value = new(raw);
        if (_decrypted == 0)
        {
            // The nonce of the exchange is the client's; the first value decides.
            _nonce = value.ReadNonce($"{endpoint.Refusing}{where}getting nonce: ");
        }

        string refusing = $"{endpoint.Refusing}{where}deciphering input: ";
        string id = value.ReadId(refusing);
        byte[] key = secrets.Get(id, refusing);
        byte[] iv = value.ReadIv(refusing);
        byte[] plaintext = Decrypt(key, iv, value.ReadCiphertext(refusing), refusing);
        byte[] secretId = Encoding.UTF8.GetBytes(id);
        if (_decrypted > 1 && !secretId.AsSpan().SequenceEqual(_secretId))
        {
            string first = GoText.Quote(Encoding.UTF8.GetString(_secretId));
            throw new EnclaveException(500, $"{refusing}multiple different IDs used for encrypting data: {first} does not match {GoText.Quote(id)}");
        }

        _secretId = secretId;
        _answers ??= new AesGcm(key, TagSize);
        SealedRequestValues.Add(raw.ToArray());
        return plaintext;
    }

    /// <summary>Encrypts the members of an answer that are not plain; numbering continues across the documents of one answer.</summary>
    /// <exception cref="EnclaveException">Nothing of the request was encrypted, so there is no secret to encrypt with; or the answer, which a test wrote
    /// by hand, is not usable JSON.</exception>
    public string Seal(string json)
    {
        byte[] document = Encoding.UTF8.GetBytes(json);
        using JsonIndex index = new();
        JsonShape shape = index.Read(document, allowArray: endpoint == EnclaveEndpoint.Partition);
        if (shape != JsonShape.Usable)
        {
            throw new EnclaveException(500, $"The scripted answer is not usable JSON: {shape}.");
        }

        Dictionary<int, byte[]> encryptedValues = [];
        foreach (int i in index.Order)
        {
            ReadOnlySpan<byte> name = index.Name(index.Members[i]);
            if (!endpoint.Answer.Contains(name))
            {
                encryptedValues[i] = SealValue(index.Members[i].Value(document), name);
            }
        }

        return Rewrite(document, index, encryptedValues);
    }

    public void Dispose() => _answers?.Dispose();

    private byte[] Decrypt(byte[] key, byte[] iv, byte[] ciphertext, string refusing)
    {
        if (iv.Length != IvSize)
        {
            // The inference proxy crashes on it; what the gateway makes of that is not known.
            throw new EnclaveException(500, "forwarding request: EOF");
        }

        byte[] plaintext = new byte[Math.Max(0, ciphertext.Length - TagSize)];
        try
        {
            using AesGcm aes = new(key, TagSize);
            aes.Decrypt(
                iv, ciphertext.AsSpan(0, plaintext.Length), ciphertext.AsSpan(plaintext.Length), plaintext, AdditionalData(_decrypted));
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            // The service has no separate error for ciphertext that is shorter than the tag.
            throw new EnclaveException(500, refusing + "cipher: message authentication failed");
        }

        _decrypted++;
        return plaintext;
    }

    private byte[] SealValue(ReadOnlySpan<byte> plaintext, ReadOnlySpan<byte> name)
    {
        if (_answers is null || _nonce.Length == 0)
        {
            string where = endpoint == EnclaveEndpoint.Partition ? "mutating response body" : "encrypting response";
            throw new EnclaveException(
                500,
                $"mapping response: {where}: mutating field {GoText.Quote(Encoding.UTF8.GetString(name))}: "
                    + "can't encrypt response without first decrypting a request");
        }

        byte[] iv = RandomNumberGenerator.GetBytes(IvSize);
        byte[] ciphertext = new byte[plaintext.Length + TagSize];
        _answers.Encrypt(
            iv, plaintext, ciphertext.AsSpan(0, plaintext.Length), ciphertext.AsSpan(plaintext.Length), AdditionalData(_encrypted++));
        return [.. "\""u8, .. _secretId, (byte)':', .. Hex(_nonce), (byte)':', .. Hex(iv), (byte)':', .. Hex(ciphertext), (byte)'"'];

        static byte[] Hex(byte[] bytes) => Encoding.ASCII.GetBytes(Convert.ToHexStringLower(bytes));
    }

    private byte[] AdditionalData(uint number)
    {
        byte[] data = [.. _nonce, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt32LittleEndian(data.AsSpan(_nonce.Length), number);
        return data;
    }

    private static string Rewrite(ReadOnlySpan<byte> document, JsonIndex index, Dictionary<int, byte[]> values)
    {
        for (int i = 0; i < index.Members.Length; i++)
        {
            index.Members[i].OutputLength = values.TryGetValue(i, out byte[]? value) ? value.Length : JsonRewriter.Stays;
        }

        using PooledBytes output = new(document.Length);
        JsonRewriter.CopyAround(document, index.Members, output);
        foreach ((int i, byte[] value) in values)
        {
            value.CopyTo(output.Span[index.Members[i].OutputStart..]);
        }

        return Encoding.UTF8.GetString(output.Span);
    }
}
