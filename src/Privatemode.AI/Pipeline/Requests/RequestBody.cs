using System.Buffers;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Pipeline.Requests;

/// <summary>The plaintext body of a call, which is read once and kept for all its attempts.</summary>
internal abstract class RequestBody : IDisposable
{
    /// <summary>The plaintext itself, for a local proxy only.</summary>
    public abstract PooledBytes Plaintext { get; }

    /// <summary>Encrypts the body for one attempt.</summary>
    public abstract EncryptedBody Encrypt(BodyExchange exchange, EndpointRule rule);

    /// <summary>Ends a failed attempt: decrypts a body that was encrypted in place, and wipes the key now rather than before the next attempt. After a
    /// successful attempt, the whole body is wiped instead, which costs less.</summary>
    public virtual void EndAttempt()
    {
    }

    /// <summary>Returns the names of members or fields for the receipt, and which of them are sent in the clear. Empty if the names are encrypted.</summary>
    public abstract IReadOnlyList<(string Name, bool IsClear)> Names(ClearNames clear);

    public abstract void Dispose();
}

/// <summary>A plaintext JSON body and its members.</summary>
internal sealed class JsonRequestBody : RequestBody
{
    // From this length on, a body is encrypted in place: decrypting it for another attempt costs less than a second buffer of twice the length.
    // This is limited to bodies with few members, because each part of a value is looked up among all of them.
    private const int InPlaceFrom = FieldCipher.PlatformFrom;
    private const int MaxInPlaceMembers = 64;

    private InPlaceBuffer? _inPlace;

    /// <summary>Reads a body. Takes ownership of it, even if it throws.</summary>
    /// <exception cref="PrivatemodeWouldLeakException">The body is malformed or ambiguous.</exception>
    public JsonRequestBody(PooledBytes bytes)
    {
        Bytes = bytes;
        JsonShape shape = Index.Read(bytes.Span);
        if (shape != JsonShape.Usable)
        {
            Dispose();
            throw new PrivatemodeWouldLeakException("unparsable-body", shape switch
            {
                JsonShape.DuplicateName => "The body has two top-level members of the same name; one of them would be sent in the clear. Remove one.",
                JsonShape.AmbiguousName or JsonShape.InvalidName =>
                    "The body has a top-level member with an invalid or ambiguous name. Rename it.",
                JsonShape.NameTooLong => $"The body has a top-level member with a name of more than {JsonIndex.MaxNameLength} bytes. Use a shorter one.",
                JsonShape.TooManyMembers => $"The body has more than {JsonIndex.MaxMembers} top-level members. Send fewer.",
                _ => $"The body must be a JSON object in valid UTF-8, nested at most {JsonLimits.MaxDepth} deep.",
            });
        }
    }

    /// <summary>The body; only before the first attempt, which may encrypt it in place.</summary>
    public PooledBytes Bytes { get; }

    public JsonIndex Index { get; } = new();

    public override PooledBytes Plaintext => Bytes;

    public override EncryptedBody Encrypt(BodyExchange exchange, EndpointRule rule)
    {
        if (Bytes.Length < InPlaceFrom || Index.Members.Length > MaxInPlaceMembers)
        {
            return exchange.Encrypt(Bytes.Span, Index, rule.RequestClearNames!);
        }

        _inPlace ??= new InPlaceBuffer(Bytes);
        return exchange.EncryptInPlace(_inPlace, Index, rule.RequestClearNames!);
    }

    public override void EndAttempt() => _inPlace?.Decrypt();

    public override IReadOnlyList<(string Name, bool IsClear)> Names(ClearNames clear)
    {
        (string Name, bool IsClear)[] names = new (string, bool)[Index.Members.Length];
        for (int i = 0; i < names.Length; i++)
        {
            ReadOnlySpan<byte> name = Index.Name(Index.Members[i]);
            names[i] = (TextOf(name), clear.Contains(name));
        }

        return names;
    }

    /// <summary>Returns a name as a string, without an allocation for the names that nearly every request has.</summary>
    private static string TextOf(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("model"u8) ? "model"
        : name.SequenceEqual("messages"u8) ? "messages"
        : name.SequenceEqual("cache_salt"u8) ? "cache_salt"
        : name.SequenceEqual("stream"u8) ? "stream"
        : Encoding.UTF8.GetString(name);

    public override void Dispose()
    {
        if (_inPlace is null)
        {
            Bytes.Dispose();
        }
        else
        {
            // Wipes the bytes after the transport has finished writing them.
            _inPlace.Dispose();
        }

        Index.Dispose();
    }
}

/// <summary>Collects a request body in pooled memory; refuses more than the service accepts.</summary>
/// <remarks>A writer that writes into this buffer does not need its own buffer.</remarks>
internal sealed class PooledWriteStream(PooledBytes target, int limit) : Stream, IBufferWriter<byte>
{
    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => target.Length;

    public override long Position
    {
        get => target.Length;
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        ThrowIfTooLong((long)target.Length + buffer.Length, limit);
        target.Append(buffer);
    }

    /// <summary>Free space for at least one byte, or as many as requested.</summary>
    public Memory<byte> GetMemory(int sizeHint = 0) => target.Free(Math.Max(sizeHint, 1));

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public void Advance(int count)
    {
        // Check before adding: a writer that is disposed after this exception passes the same bytes again.
        ThrowIfTooLong((long)target.Length + count, limit);
        target.Commit(count);
    }

    /// <exception cref="PrivatemodeRequestException">The length exceeds the limit.</exception>
    public static void ThrowIfTooLong(long length, int limit)
    {
        if (length > limit)
        {
            throw new PrivatemodeRequestException(
                "body", $"The request is larger than {limit} bytes, the maximum that the service accepts. Send less in one request.");
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Write(buffer.Span);
        return default;
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        Write(buffer.AsSpan(offset, count));
        return Task.CompletedTask;
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}

/// <summary>The number of choices that a request asks for: <c>n</c> for each prompt.</summary>
internal static class ChoiceCount
{
    /// <summary>At least 1, even if the body asks for fewer or for more than can be counted.</summary>
    public static int Of(JsonRequestBody body)
    {
        long count = Math.Max(1L, Number(body)) * Math.Max(1L, Prompts(body));
        return (int)Math.Min(count, int.MaxValue);
    }

    private static int Number(JsonRequestBody body) =>
        TryGet(body, "n"u8, out ReadOnlySpan<byte> value, out JsonTokenType kind) && kind == JsonTokenType.Number &&
            new Utf8JsonReader(value) is var reader && reader.Read() && reader.TryGetInt32(out int number) ? number : 1;

    /// <summary>Returns the number of prompts of completions: one for each element of a list of texts or of token lists; one for a single token list.</summary>
    private static int Prompts(JsonRequestBody body)
    {
        if (!TryGet(body, "prompt"u8, out ReadOnlySpan<byte> value, out JsonTokenType kind) || kind != JsonTokenType.StartArray)
        {
            return 1;
        }

        Utf8JsonReader reader = new(value, new JsonReaderOptions { MaxDepth = JsonLimits.MaxDepth });
        _ = reader.Read();
        int prompts = 0;
        while (reader.Read() && reader.TokenType is JsonTokenType.String or JsonTokenType.StartArray)
        {
            prompts++;
            reader.Skip();
        }

        return prompts;
    }

    private static bool TryGet(JsonRequestBody body, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value, out JsonTokenType kind)
    {
        int i = body.Index.Find(name);
        value = i < 0 ? default : body.Index.Members[i].Value(body.Bytes.Span);
        kind = i < 0 ? JsonTokenType.None : body.Index.Members[i].Kind;
        return i >= 0;
    }
}
