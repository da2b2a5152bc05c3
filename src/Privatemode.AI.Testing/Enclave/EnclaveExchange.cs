using System.Security.Cryptography;
using System.Text;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Testing.Enclave;

/// <summary>The enclave's side of one exchange: opens the values of a request, then seals those of its answer.</summary>
internal sealed class EnclaveExchange : IDisposable
{
    private readonly byte[] _key;
    private readonly byte[] _secretId;
    private FieldCipher? _requests;
    private FieldCipher? _answers;
    private byte[] _nonce = [];

    public EnclaveExchange(byte[] key, string secretId, EnclaveEndpoint endpoint)
    {
        Endpoint = endpoint;
        _key = key;
        _secretId = Encoding.UTF8.GetBytes(secretId);
    }

    public EnclaveEndpoint Endpoint { get; }

    /// <summary>The sealed values of the request, as they came, in the order they were sealed.</summary>
    public List<byte[]> SealedRequestValues { get; } = [];

    /// <summary>Opens a request body; the peer sees the plaintext the client sealed.</summary>
    /// <exception cref="EnclaveException">The body is not sealed as it must be.</exception>
    public string OpenRequest(ReadOnlySpan<byte> body)
    {
        PlainNames plain = Endpoint.Request;
        using JsonIndex index = new();
        JsonShape shape = index.Read(body);
        if (shape != JsonShape.Usable)
        {
            throw new EnclaveException(400, $"request body is not usable: {shape}");
        }

        Dictionary<int, byte[]> opened = [];
        foreach (int i in index.Order)
        {
            if (!plain.Contains(index.Name(index.Members[i])))
            {
                opened[i] = OpenValue(index.Members[i].Value(body));
            }
        }

        return Rewrite(body, index, opened);
    }

    /// <summary>Opens the next value of a form, or a body that is sealed as a whole.</summary>
    /// <exception cref="EnclaveException">The body is not sealed as it must be.</exception>
    public byte[] OpenWhole(ReadOnlySpan<byte> body) => OpenValue(body);

    /// <summary>Seals the members of an answer that are not plain; numbering goes on across the documents of one answer.</summary>
    public string Seal(string json)
    {
        PlainNames plain = Endpoint.Answer;
        byte[] document = Encoding.UTF8.GetBytes(json);
        using JsonIndex index = new();
        JsonShape shape = index.Read(document, allowArray: Endpoint == EnclaveEndpoint.Partition);
        if (shape != JsonShape.Usable)
        {
            throw new InvalidOperationException($"The scripted answer is not usable JSON: {shape}.");
        }

        Dictionary<int, byte[]> sealedValues = [];
        foreach (int i in index.Order)
        {
            if (!plain.Contains(index.Name(index.Members[i])))
            {
                sealedValues[i] = SealValue(index.Members[i].Value(document));
            }
        }

        return Rewrite(document, index, sealedValues);
    }

    public void Dispose()
    {
        _requests?.Dispose();
        _answers?.Dispose();
    }

    private byte[] OpenValue(ReadOnlySpan<byte> raw)
    {
        byte[] iv = new byte[FieldCipher.IvSize];
        if (!SealedValue.TryParse(raw, iv, out ReadOnlySpan<byte> hex))
        {
            throw new EnclaveException(400, "invalid message format, expected id:nonce:iv:cipher");
        }

        if (_requests is null)
        {
            // The nonce of the exchange is the client's; it comes with every value.
            string[] parts = Encoding.UTF8.GetString(raw[1..^1]).Split(':');
            _nonce = Convert.FromHexString(parts[1]);
            _requests = new FieldCipher(_key, _nonce);
        }

        byte[] sealedBytes = Convert.FromHexString(hex);
        byte[] plaintext = new byte[sealedBytes.Length - FieldCipher.TagSize];
        if (!_requests.TryDecrypt(iv, sealedBytes.AsSpan(0, plaintext.Length), sealedBytes.AsSpan(plaintext.Length), plaintext))
        {
            throw new EnclaveException(400, "decrypting request field failed");
        }

        SealedRequestValues.Add(raw.ToArray());
        return plaintext;
    }

    private byte[] SealValue(ReadOnlySpan<byte> plaintext)
    {
        _answers ??= new FieldCipher(_key, _nonce);
        byte[] iv = RandomNumberGenerator.GetBytes(FieldCipher.IvSize);
        byte[] sealedBytes = new byte[plaintext.Length + FieldCipher.TagSize];
        _answers.Encrypt(iv, plaintext, sealedBytes.AsSpan(0, plaintext.Length), sealedBytes.AsSpan(plaintext.Length));
        byte[] value = new byte[SealedValue.EncodedLength(_secretId.Length, plaintext.Length)];
        int at = SealedValue.WritePrefix(_secretId, _nonce, iv, value);
        at += SealedValue.WriteHex(sealedBytes, value.AsSpan(at));
        value[at] = (byte)'"';
        return value;
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
