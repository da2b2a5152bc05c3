using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Encryption.Multipart;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Pipeline.Requests;

/// <summary>The members that may be sent in the clear, checked by type, so that no content leaks through a field for routing.</summary>
internal static class ClearMembers
{
    // 128 characters, each written as an escape.
    private const int MaxModelTextLength = 128 * 6;

    /// <summary>Checks all names, and the values that are sent in the clear.</summary>
    /// <exception cref="PrivatemodeWouldLeakException">A name or a clear value could contain content.</exception>
    public static void Check(ReadOnlySpan<byte> document, JsonIndex index, ClearNames plain)
    {
        foreach (ref readonly JsonMember member in index.Members)
        {
            ReadOnlySpan<byte> name = index.Name(member);
            if (!MemberNames.IsMember(name))
            {
                throw new PrivatemodeWouldLeakException(
                    "member-name",
                    $"A top-level member of the body has a name that is not {MemberNames.MemberRule}; names are sent in the clear. Rename it.");
            }

            if (plain.Contains(name) && !IsClearValue(name, member.Value(document)))
            {
                throw new PrivatemodeWouldLeakException(
                    "clear-field",
                    $"The member '{Encoding.ASCII.GetString(name)}' is sent in the clear and must be {Allowed(name)}.");
            }
        }
    }

    /// <summary>Whether a member of this name may be sent in the clear with this raw JSON value.</summary>
    public static bool IsClearValue(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (name.SequenceEqual("model"u8))
        {
            return ReadModel(value, stackalloc char[MaxModelTextLength]) >= 0;
        }

        if (value.SequenceEqual("null"u8))
        {
            return true;
        }

        if (name.SequenceEqual("stream"u8))
        {
            return IsBoolean(value);
        }

        if (name.SequenceEqual("stream_options"u8))
        {
            return IsStreamOptions(value);
        }

        return IsTokenCount(name) && IsInteger(value);
    }

    /// <summary>The model ID in a raw JSON value; false if it may not be sent in the clear.</summary>
    public static bool TryGetModel(ReadOnlySpan<byte> value, out string model)
    {
        Span<char> text = stackalloc char[MaxModelTextLength];
        int length = ReadModel(value, text);
        model = length < 0 ? "" : new string(text[..length]);
        return length >= 0;
    }

    /// <returns>The length of the model ID; -1 if the value is not one.</returns>
    private static int ReadModel(ReadOnlySpan<byte> value, Span<char> text)
    {
        Utf8JsonReader reader = new(value);
        if (JsonKind.Of(value) != JsonTokenType.String || !reader.Read() || reader.ValueSpan.Length > text.Length)
        {
            return -1;
        }

        try
        {
            int length = reader.CopyString(text);
            return MemberNames.IsModel(text[..length]) ? length : -1;
        }
        catch (InvalidOperationException)
        {
            // A lone surrogate.
            return -1;
        }
    }

    public static bool IsBoolean(ReadOnlySpan<byte> value) => value.SequenceEqual("true"u8) || value.SequenceEqual("false"u8);

    /// <summary>Whether a checked body requests usage at the end of a stream, and on every event of it.</summary>
    public static (bool AtEnd, bool OnEveryEvent) ReadUsageOptions(ReadOnlySpan<byte> document, JsonIndex index)
    {
        int i = index.Find("stream_options"u8);
        if (i < 0)
        {
            return default;
        }

        using JsonIndex options = new();
        return options.Read(index.Members[i].Value(document)) == JsonShape.Usable
            ? (IsTrue(options, "include_usage"u8), IsTrue(options, "continuous_usage_stats"u8))
            : default;
    }

    private static bool IsTrue(JsonIndex options, ReadOnlySpan<byte> name) =>
        options.Find(name) is >= 0 and int i && options.Members[i].Kind == JsonTokenType.True;

    private static string Allowed(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("model"u8) ? MemberNames.ModelRule
        : name.SequenceEqual("stream"u8) ? "true or false"
        : name.SequenceEqual("stream_options"u8) ? "an object of include_usage and continuous_usage_stats, true or false"
        : "a whole number";

    private static bool IsTokenCount(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("n"u8) || name.SequenceEqual("max_tokens"u8) || name.SequenceEqual("max_completion_tokens"u8);

    private static bool IsInteger(ReadOnlySpan<byte> value)
    {
        Utf8JsonReader reader = new(value);
        return reader.Read() && reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out _) &&
            value.IndexOfAny(".eE"u8) < 0;
    }

    private static bool IsStreamOptions(ReadOnlySpan<byte> value)
    {
        using JsonIndex index = new();
        if (index.Read(value) != JsonShape.Usable)
        {
            return false;
        }

        foreach (ref readonly JsonMember member in index.Members)
        {
            ReadOnlySpan<byte> name = index.Name(member);
            bool known = name.SequenceEqual("include_usage"u8) || name.SequenceEqual("continuous_usage_stats"u8);
            ReadOnlySpan<byte> option = member.Value(value);
            if (!known || !(IsBoolean(option) || option.SequenceEqual("null"u8)))
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>Checks the fields of a transcription: clear fields by type, so that no content leaks, and the form by what the service accepts.</summary>
internal static class ClearFormFields
{
    /// <summary>The maximum size of a file, in bytes: 50 MiB.</summary>
    public const int FileLimit = 50 * 1024 * 1024;

    /// <summary>Checks names, clear values, sizes and options.</summary>
    /// <exception cref="PrivatemodeWouldLeakException">A name or a clear value could contain content.</exception>
    /// <exception cref="PrivatemodeRequestException">The service does not accept the form.</exception>
    public static void Check(FormRequestBody body, ClearNames plain)
    {
        foreach (FormPart part in body.Form.Parts)
        {
            ThrowIfNotAName(part);
            if (part.IsFile && body.Value(part).Length > FileLimit)
            {
                throw new PrivatemodeRequestException(
                    "file", $"The file is larger than {FileLimit} bytes (50 MiB), the maximum that the service accepts. Split it, or compress it more.");
            }

            if (plain.Contains(part.Name) && (part.IsFile || !IsClearValue(part.Name, body.Value(part))))
            {
                throw new PrivatemodeWouldLeakException(
                    "clear-field", $"The field '{Encoding.ASCII.GetString(part.Name)}' is sent in the clear and must be {Allowed(part.Name)}.");
            }
        }

        ThrowIfRepeated(body.Form);
        ThrowIfFormatUnsupported(body);
    }

    /// <summary>Whether a field of this name may be sent in the clear with this value.</summary>
    public static bool IsClearValue(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) => name.SequenceEqual("model"u8)
        ? Ascii.IsValid(value) && MemberNames.IsModel(Encoding.ASCII.GetString(value))
        : ClearMembers.IsBoolean(value);

    /// <summary>The model in the form; null if it does not name one.</summary>
    public static string? ModelOf(FormRequestBody body) => body.Form.Find("model"u8) is { } part ? Encoding.ASCII.GetString(body.Value(part)) : null;

    public static bool WantsStream(FormRequestBody body) => Is(body, "stream"u8, "true"u8);

    /// <summary>Whether the last event of the stream contains the usage.</summary>
    public static bool WantsUsage(FormRequestBody body) => Is(body, "stream_include_usage"u8, "true"u8);

    /// <summary>Whether every event of the stream contains the usage so far.</summary>
    public static bool WantsUsageOnEveryEvent(FormRequestBody body) => Is(body, "stream_continuous_usage_stats"u8, "true"u8);

    /// <summary>Requests usage in a form that does not mention it: the event with the usage shows that no stretch of the recording is missing.</summary>
    /// <returns>Whether the field was added. The caller then does not expect the event.</returns>
    public static bool EnsureUsage(FormRequestBody body)
    {
        bool isMissing = WantsStream(body) && body.Form.Find("stream_include_usage"u8) is null;
        if (isMissing)
        {
            body.Add("stream_include_usage", "true");
        }

        return isMissing;
    }

    public static bool WantsTimes(FormRequestBody body) => Is(body, "response_format"u8, "verbose_json"u8);

    private static bool Is(FormRequestBody body, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) =>
        body.Form.Find(name) is { } part && body.Value(part).SequenceEqual(value);

    private static void ThrowIfNotAName(FormPart part)
    {
        if (!MemberNames.IsField(part.Name))
        {
            throw new PrivatemodeWouldLeakException(
                "member-name",
                $"A field of the form has a name that is not {MemberNames.FieldRule}; names are sent in the clear. Rename it.");
        }
    }

    private static void ThrowIfRepeated(FormIndex form)
    {
        if (form.HasRepeats)
        {
            throw new PrivatemodeRequestException(
                form.Find("timestamp_granularities[]"u8) is null ? "form" : "timestamp_granularities[]",
                "The form has two fields of the same name, and the service keeps only the first. Request only one timestamp granularity.");
        }
    }

    private static void ThrowIfFormatUnsupported(FormRequestBody body)
    {
        if (body.Form.Find("response_format"u8) is { } part && !(
            body.Value(part).SequenceEqual("json"u8) || body.Value(part).SequenceEqual("verbose_json"u8)))
        {
            throw new PrivatemodeRequestException(
                "response_format", "The response_format of a transcription must be json or verbose_json: only JSON answers can be decrypted.");
        }
    }

    private static string Allowed(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("model"u8) ? $"a model ID: {MemberNames.ModelRule}" : "true or false";
}
