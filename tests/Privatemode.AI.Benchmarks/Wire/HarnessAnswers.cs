using System.Security.Cryptography;
using System.Text;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Benchmarks.Wire;

/// <summary>The answers of a connection, one exchange after another, in the clear or sealed. Answers are taken apart once for a connection, and memory is
/// reused: what the server costs is counted in every row.</summary>
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

    // Sealed members of an answer.
    private const int MaxValues = 4;

    private static readonly ClearNames Plain = new("id", "usage");
    private static readonly byte[] WholeDocument = Encoding.UTF8.GetBytes(WholeText);
    private static readonly byte[] EventDocument = Encoding.UTF8.GetBytes(EventText);
    private static readonly byte[] FinishDocument = Encoding.UTF8.GetBytes(FinishText);

    private readonly PooledBytes _output = new(4096);
    private readonly JsonIndex _request = new();
    private readonly JsonIndex _whole = Read(WholeDocument);
    private readonly JsonIndex _event = Read(EventDocument);
    private readonly JsonIndex _finish = Read(FinishDocument);
    private readonly byte[] _nonce = new byte[FieldCipher.NonceSize];
    private readonly byte[] _bytes = new byte[4096];
    private byte[] _secretId = [];
    private FieldCipher? _cipher;
    private ulong _sent;

    /// <summary>Begins answers in the clear.</summary>
    public void Begin()
    {
        _cipher?.Dispose();
        _cipher = null;
    }

    /// <summary>Begins sealed answers to the request with this body; its values are opened, as the enclave has to.</summary>
    public void Begin(AesGcmKey key, byte[] secretId, ReadOnlySpan<byte> request)
    {
        Begin();
        (_secretId, _sent) = (secretId, 0);
        _ = _request.Read(request);
        ulong received = 0;
        Span<byte> iv = stackalloc byte[FieldCipher.IvSize];
        foreach (int i in _request.Order)
        {
            ReadOnlySpan<byte> value = _request.Members[i].Value(request);
            int head = EncryptedValue.FindCiphertext(value);
            if (head < 0 || !EncryptedValue.TryReadIv(value, head, iv))
            {
                continue;
            }

            if (_cipher is null)
            {
                _ = EncryptedValue.TryReadHex(value.Slice(secretId.Length + 2, 2 * FieldCipher.NonceSize), _nonce)
                    ? true
                    : throw new InvalidOperationException("The request has no nonce.");
                _cipher = new FieldCipher(key, _nonce);
            }

            int length = (value.Length - 1 - head) / 2;
            byte[] bytes = 2 * length <= _bytes.Length ? _bytes : new byte[2 * length];
            bool isOpened = EncryptedValue.TryReadHex(value[head..^1], bytes.AsSpan(0, length))
                && _cipher.TryDecrypt(received++, iv, bytes.AsSpan(0, length), bytes.AsSpan(length, length - FieldCipher.TagSize));
            if (!isOpened)
            {
                throw new InvalidOperationException("The request cannot be opened.");
            }
        }
    }

    /// <summary>The whole answer; valid until the next one.</summary>
    public ReadOnlySpan<byte> Whole()
    {
        _output.Clear();
        Write(WholeDocument, _whole);
        return _output.Span;
    }

    public ReadOnlySpan<byte> Event() => Framed(EventDocument, _event);

    public ReadOnlySpan<byte> Finish() => Framed(FinishDocument, _finish);

    public void Dispose()
    {
        _cipher?.Dispose();
        _output.Dispose();
        foreach (JsonIndex index in (ReadOnlySpan<JsonIndex>)[_request, _whole, _event, _finish])
        {
            index.Dispose();
        }
    }

    private static JsonIndex Read(byte[] document)
    {
        JsonIndex index = new();
        return index.Read(document) == JsonShape.Usable ? index : throw new InvalidOperationException("The document cannot be read.");
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
        Span<byte> ivs = stackalloc byte[MaxValues * FieldCipher.IvSize];
        RandomNumberGenerator.Fill(ivs);
        foreach (int i in index.Order)
        {
            JsonMember member = index.Members[i];
            if (member.OutputLength != JsonRewriter.Stays)
            {
                Seal(ivs[..FieldCipher.IvSize], member.Value(document), _output.Span.Slice(member.OutputStart, member.OutputLength));
                ivs = ivs[FieldCipher.IvSize..];
            }
        }
    }

    private void Seal(ReadOnlySpan<byte> iv, ReadOnlySpan<byte> plaintext, Span<byte> destination)
    {
        Span<byte> ciphertext = _bytes.AsSpan(0, plaintext.Length + FieldCipher.TagSize);
        _cipher!.Encrypt(_sent++, iv, plaintext, ciphertext);
        int at = EncryptedValue.WritePrefix(_secretId, _nonce, iv, destination);
        at += EncryptedValue.WriteHex(ciphertext, destination[at..]);
        destination[at] = (byte)'"';
    }
}
