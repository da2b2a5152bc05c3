using System.Security.Cryptography;
using System.Text;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Benchmarks.Wire;

/// <summary>The answers of one exchange, in the clear or sealed; sealed without taking anything apart again and again.</summary>
internal sealed class HarnessAnswers : IDisposable
{
    private const string WholeText =
        """{"id":"chatcmpl-0123456789abcdef","object":"chat.completion","created":1795299359,"model":"gpt-oss-120b","choices":"""
        + """[{"index":0,"message":{"role":"assistant","content":"No. It is 21 degrees in Bochum and the sky is clear."},"logprobs":null"""
        + ""","finish_reason":"stop"}],"usage":{"prompt_tokens":12,"completion_tokens":14,"total_tokens":26}}""";

    private const string EventText =
        """{"id":"chatcmpl-0123456789abcdef","object":"chat.completion.chunk","created":1795299359,"model":"gpt-oss-120b","choices":"""
        + """[{"index":0,"delta":{"content":" umbrella"},"logprobs":null,"finish_reason":null}]}""";

    private const string FinishText =
        """{"id":"chatcmpl-0123456789abcdef","object":"chat.completion.chunk","created":1795299359,"model":"gpt-oss-120b","choices":"""
        + """[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}""";

    private static readonly ClearNames Plain = new("id", "usage");
    private static readonly byte[] WholeDocument = Encoding.UTF8.GetBytes(WholeText);
    private static readonly byte[] EventDocument = Encoding.UTF8.GetBytes(EventText);
    private static readonly byte[] FinishDocument = Encoding.UTF8.GetBytes(FinishText);

    private readonly FieldCipher? _cipher;
    private readonly byte[] _nonce = [];
    private ulong _sent;
    private readonly byte[] _secretId = [];
    private readonly PooledBytes _output = new(4096);
    private readonly JsonIndex _events = new();
    private readonly byte[] _sealed = new byte[4096];

    /// <summary>In the clear.</summary>
    public HarnessAnswers()
    {
    }

    /// <summary>Sealed, for the request with this body; its values are opened, as the enclave has to.</summary>
    public HarnessAnswers(AesGcmKey key, string secretId, ReadOnlySpan<byte> request)
    {
        _secretId = Encoding.ASCII.GetBytes(secretId);
        using JsonIndex index = new();
        _ = index.Read(request);
        ulong received = 0;
        Span<byte> iv = stackalloc byte[FieldCipher.IvSize];
        foreach (int i in index.Order)
        {
            ReadOnlySpan<byte> value = index.Members[i].Value(request);
            int head = EncryptedValue.FindCiphertext(value);
            if (head >= 0 && EncryptedValue.TryReadIv(value, head, iv))
            {
                _nonce = _nonce.Length > 0 ? _nonce : Convert.FromHexString(Encoding.ASCII.GetString(value).Split(':')[1]);
                _cipher ??= new FieldCipher(key, _nonce);
                byte[] bytes = Convert.FromHexString(value[head..^1]);
                _ = _cipher.TryDecrypt(received++, iv, bytes, new byte[bytes.Length - FieldCipher.TagSize])
                    ? true
                    : throw new InvalidOperationException("The request cannot be opened.");
            }
        }

        _ = _events.Read(EventDocument);
    }

    public byte[] Whole()
    {
        _output.Clear();
        using JsonIndex index = new();
        _ = index.Read(WholeDocument);
        Write(WholeDocument, index);
        return _output.Span.ToArray();
    }

    public ReadOnlySpan<byte> Event() => Framed(EventDocument, _events);

    public ReadOnlySpan<byte> Finish()
    {
        using JsonIndex index = new();
        _ = index.Read(FinishDocument);
        return Framed(FinishDocument, index);
    }

    public void Dispose()
    {
        _cipher?.Dispose();
        _output.Dispose();
        _events.Dispose();
    }

    private Span<byte> Framed(byte[] document, JsonIndex index)
    {
        _output.Clear();
        _output.Append("data: "u8);
        Write(document, index);
        _output.Append("\n\n"u8);
        return _output.Span;
    }

    private void Write(byte[] document, JsonIndex index)
    {
        if (_cipher is null)
        {
            _output.Append(document);
            return;
        }

        foreach (ref JsonMember member in index.Members)
        {
            member.OutputLength = Plain.Contains(index.Name(member)) ? JsonRewriter.Stays
                : EncryptedValue.EncodedLength(_secretId.Length, member.ValueLength);
        }

        JsonRewriter.CopyAround(document, index.Members, _output);
        foreach (int i in index.Order)
        {
            JsonMember member = index.Members[i];
            if (member.OutputLength != JsonRewriter.Stays)
            {
                Seal(member.Value(document), _output.Span.Slice(member.OutputStart, member.OutputLength));
            }
        }
    }

    private void Seal(ReadOnlySpan<byte> plaintext, Span<byte> destination)
    {
        Span<byte> iv = stackalloc byte[FieldCipher.IvSize];
        RandomNumberGenerator.Fill(iv);
        _cipher!.Encrypt(_sent++, iv, plaintext, _sealed.AsSpan(0, plaintext.Length + FieldCipher.TagSize));
        int at = EncryptedValue.WritePrefix(_secretId, _nonce, iv, destination);
        at += EncryptedValue.WriteHex(_sealed.AsSpan(0, plaintext.Length + FieldCipher.TagSize), destination[at..]);
        destination[at] = (byte)'"';
    }
}
