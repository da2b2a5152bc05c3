using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Privatemode.AI.Encryption;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Requests;

namespace Privatemode.AI.Responses;

/// <summary>Converts the parts of messages and tool outputs: texts, images, files and audio.</summary>
internal sealed class InputParts : IDisposable
{
    /// <summary>The maximum number of parts of one item.</summary>
    public const int MaxParts = 10_000;

    private const string Wave = "wav";
    private const string Mp3 = "mp3";

    private static readonly KnownNames TextMembers = new("type", "text", "annotations", "logprobs", "prompt_cache_breakpoint");
    private static readonly KnownNames RefusalMembers = new("type", "refusal");
    private static readonly KnownNames ImageMembers = new("type", "image_url", "file_id", "detail", "prompt_cache_breakpoint");
    private static readonly KnownNames FileMembers = new("type", "file_data", "filename", "file_id", "file_url", "detail", "prompt_cache_breakpoint");
    private static readonly KnownNames AudioMembers = new("type", "input_audio", "prompt_cache_breakpoint");
    private static readonly KnownNames AudioDataMembers = new("data", "format");

    /// <summary>The last converted part; a text part needs no conversion.</summary>
    private readonly PooledBytes _made = new(1024);

    private enum Kind
    {
        /// <summary>A JSON string.</summary>
        Text,

        /// <summary>A part of a chat.</summary>
        Image,

        /// <summary>A part of a chat.</summary>
        Other,
    }

    /// <summary>Writes the value of <c>content</c> of a user's message: a string, or a list of parts.</summary>
    public void WriteContent(Utf8JsonWriter writer, JsonElement content, MemberPath path)
    {
        if (content.ValueKind == JsonValueKind.String)
        {
            RawJson.Write(writer, content);
            return;
        }

        int count = Count(content, path);
        bool isList = false;
        int i = 0;
        foreach (JsonElement element in content.EnumerateArray())
        {
            Kind kind = Read(element, path with { Part = i++ }, isAssistant: false, out ReadOnlySpan<byte> raw);
            if (kind == Kind.Text && count == 1)
            {
                writer.WriteRawValue(raw, skipInputValidation: true);
                return;
            }

            if (!isList)
            {
                isList = true;
                writer.WriteStartArray();
            }

            Write(writer, kind, raw);
        }

        if (isList)
        {
            writer.WriteEndArray();
        }
        else
        {
            writer.WriteStringValue(""u8);
        }
    }

    /// <summary>Adds the texts of a message of the system or of the assistant, which can contain only texts.</summary>
    public void AddTexts(JoinedText target, JsonElement content, MemberPath path, bool isAssistant)
    {
        if (content.ValueKind == JsonValueKind.String)
        {
            target.Add(RawJson.Inside(content));
            return;
        }

        _ = Count(content, path);
        int i = 0;
        foreach (JsonElement element in content.EnumerateArray())
        {
            MemberPath part = path with { Part = i++ };
            if (Read(element, part, isAssistant, out ReadOnlySpan<byte> raw) != Kind.Text)
            {
                MemberPath type = part.Member("type"u8);
                throw type.Refuse($"'{type}' is an image or a file. Only messages with the role user and outputs of tools can have one.");
            }

            target.Add(raw[1..^1]);
        }
    }

    /// <summary>Adds the text of the output of a tool. Images are returned separately, because model servers read only text in tool outputs.</summary>
    /// <param name="images">Receives the images, as parts of a chat with a comma before each.</param>
    public void AddOutput(JoinedText target, PooledBytes images, JsonElement output, MemberPath path)
    {
        _ = Count(output, path);
        (int i, int count) = (0, 0);
        foreach (JsonElement element in output.EnumerateArray())
        {
            MemberPath part = path with { Part = i++ };
            switch (Read(element, part, isAssistant: false, out ReadOnlySpan<byte> raw))
            {
                case Kind.Text:
                    target.Add(raw[1..^1]);
                    break;
                case Kind.Image:
                    target.AddText(Encoding.ASCII.GetBytes($"[image {++count} of this result follows]"));
                    images.Append((byte)',');
                    images.Append(raw);
                    break;
                default:
                    throw part.Refuse($"'{part}' is a file in the output of a tool, which can have only text and images. Extract its text first.");
            }
        }
    }

    public void Dispose() => _made.Dispose();

    private static int Count(JsonElement content, MemberPath path)
    {
        int count = content.ValueKind == JsonValueKind.Array ? content.GetArrayLength() : throw path.MustBe("a string or a list");
        return count <= MaxParts ? count : throw path.Refuse($"'{path}' has more than {MaxParts} parts. Send fewer.");
    }

    private static void Write(Utf8JsonWriter writer, Kind kind, ReadOnlySpan<byte> raw)
    {
        if (kind == Kind.Text)
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, "text"u8);
            writer.WritePropertyName("text"u8);
            writer.WriteRawValue(raw, skipInputValidation: true);
            writer.WriteEndObject();
        }
        else
        {
            writer.WriteRawValue(raw, skipInputValidation: true);
        }
    }

    /// <param name="raw">JSON text, valid until the next part is read.</param>
    private Kind Read(JsonElement element, MemberPath path, bool isAssistant, out ReadOnlySpan<byte> raw)
    {
        RequestObject part = new(element, path);
        switch (part.FindWord("type"u8))
        {
            case "input_text" or "output_text" or "text":
                raw = RawJson.Of(part.WithOnly(TextMembers).Text("text"u8));
                return Kind.Text;
            case "refusal" when isAssistant:
                raw = RawJson.Of(part.WithOnly(RefusalMembers).Text("refusal"u8));
                return Kind.Text;
            case "input_image":
                MakeImage(part.WithOnly(ImageMembers));
                raw = _made.Span;
                return Kind.Image;
            case "input_file":
                Kind kind = MakeFile(part.WithOnly(FileMembers));
                raw = _made.Span;
                return kind;
            case "input_audio":
                MakeAudio(part.WithOnly(AudioMembers));
                raw = _made.Span;
                return Kind.Other;
            default:
                throw path.Member("type"u8).NotKnown();
        }
    }

    /// <summary>Allocates the memory for the next part in one step, because growing step by step would need several times as much.</summary>
    private void Begin(int length)
    {
        const int AroundIt = 200;
        _made.Clear();
        _made.Reserve(length + AroundIt);
    }

    private void MakeImage(RequestObject part)
    {
        if (part.Find("file_id"u8) is not null)
        {
            throw part.Path.Member("file_id"u8).Refuse("Files are not stored. Put the image into 'image_url' as a data: URL.");
        }

        JsonElement url = part.Text("image_url"u8);
        string? detail = part.FindWord("detail"u8) switch
        {
            null => null,
            "original" => "high",
            var word and ("auto" or "low" or "high") => word,
            _ => throw part.Path.Member("detail"u8).NotKnown(),
        };

        // The policy for media is applied at the place of the image, as for chats.
        Begin(RawJson.Of(url).Length);
        _made.Append("{\"type\":\"image_url\",\"image_url\":{\"url\":"u8);
        _made.Append(RawJson.Of(url));
        _made.Append(detail is null ? "}}"u8 : Encoding.ASCII.GetBytes($",\"detail\":\"{detail}\"}}}}"));
    }

    private void MakeAudio(RequestObject part)
    {
        MemberPath path = part.Path.Member("input_audio"u8);
        RequestObject audio = new(part.FindObject("input_audio"u8) ?? throw path.MustBe("an object"), path);
        JsonElement data = audio.WithOnly(AudioDataMembers).Text("data"u8);
        string format = audio.FindWord("format"u8) is Wave ? Wave : audio.FindWord("format"u8) is Mp3 ? Mp3
            : throw audio.Path.Member("format"u8).MustBe("wav or mp3");
        Begin(RawJson.Of(data).Length);
        _made.Append("{\"type\":\"input_audio\",\"input_audio\":{\"data\":"u8);
        _made.Append(RawJson.Of(data));
        _made.Append(Encoding.ASCII.GetBytes($",\"format\":\"{format}\"}}}}"));
    }

    private Kind MakeFile(RequestObject part)
    {
        foreach (string elsewhere in (string[])["file_url", "file_id"])
        {
            if (part.Find(Encoding.ASCII.GetBytes(elsewhere)) is not null)
            {
                throw part.Path.Member(Encoding.ASCII.GetBytes(elsewhere)).Refuse("Files are not fetched or stored. Put the data into 'file_data'.");
            }
        }

        JsonElement data = part.Text("file_data"u8);
        JsonElement? name = part.FindText("filename"u8);
        using PooledBytes text = new(RawJson.Of(data).Length);
        CanonicalText.AppendUnescaped(RawJson.Of(data), text);
        using PooledBytes decoded = FileData.Decode(text.Span, out string mediaType)
            ?? throw part.Path.Member("file_data"u8).Refuse($"'{part.Path}.file_data' is neither base64 nor a data: URL with base64.");
        Begin(text.Length + (name is { } given ? RawJson.Of(given).Length : 0));
        switch (FileData.TypeOf(mediaType, decoded.Span))
        {
            case MediaTypes.Pdf:
                MakePdf(decoded.Span, name);
                return Kind.Other;
            case var audio and (MediaTypes.Wave or MediaTypes.Mp3):
                _made.Append("{\"type\":\"input_audio\",\"input_audio\":{\"data\":\""u8);
                FileData.AppendBase64(_made, decoded.Span);
                _made.Append(Encoding.ASCII.GetBytes($"\",\"format\":\"{(audio == MediaTypes.Wave ? Wave : Mp3)}\"}}}}"));
                return Kind.Other;
            case var image when FileData.IsImage(image):
                _made.Append(Encoding.ASCII.GetBytes($"{{\"type\":\"image_url\",\"image_url\":{{\"url\":\"data:{image};base64,"));
                FileData.AppendBase64(_made, decoded.Span);
                _made.Append("\"}}"u8);
                return Kind.Image;
            case var kind when FileData.IsText(kind):
                MakeText(decoded.Span, name, part.Path);
                return Kind.Text;
            default:
                throw part.Path.Member("file_data"u8).Refuse(
                    $"'{part.Path}.file_data' has data of a type that models do not read. Extract its text first (document extraction).");
        }
    }

    private void MakePdf(ReadOnlySpan<byte> decoded, JsonElement? name)
    {
        _made.Append("{\"type\":\"file\",\"file\":{\"filename\":"u8);
        _made.Append(name is { } given ? RawJson.Of(given) : "\"document.pdf\""u8);
        _made.Append(",\"file_data\":\"data:application/pdf;base64,"u8);
        FileData.AppendBase64(_made, decoded);
        _made.Append("\"}}"u8);
    }

    private void MakeText(ReadOnlySpan<byte> decoded, JsonElement? name, MemberPath path)
    {
        if (!FileData.IsTextInUtf8(decoded))
        {
            throw path.Member("file_data"u8).Refuse($"'{path}.file_data' is not text in UTF-8. Convert it.");
        }

        _made.Append((byte)'"');
        if (name is { } given)
        {
            _made.Append(RawJson.Inside(given));
            _made.Append("\\n"u8);
        }

        RawJson.AppendOfRequest(_made, decoded.StartsWith("\uFEFF"u8) ? decoded["\uFEFF"u8.Length..] : decoded);
        _made.Append((byte)'"');
    }
}

/// <summary>Reads the data of files: Base64 with or without a media type.</summary>
internal static class FileData
{
    private const string Unknown = "application/octet-stream";
    private const string Text = "text/plain";

    private static readonly SearchValues<byte> NotInText =
        SearchValues.Create([.. Enumerable.Range(0, ' ').Select(i => (byte)i).Except("\t\n\f\r\e"u8.ToArray())]);

    /// <summary>Decodes base64, or a <c>data:</c> URL with base64; null for anything else.</summary>
    /// <param name="mediaType">The media type of the URL, normalized; <c>application/octet-stream</c> for text that is not a URL.</param>
    public static PooledBytes? Decode(ReadOnlySpan<byte> text, out string mediaType)
    {
        mediaType = Unknown;
        ReadOnlySpan<byte> base64 = text;
        if (ServiceUrl.IsData(text))
        {
            int comma = text.IndexOf((byte)',');
            ReadOnlySpan<byte> head = comma < 0 ? default : text["data:".Length..comma];
            if (!EndsWithBase64(head))
            {
                return null;
            }

            int type = head.IndexOf((byte)';');
            mediaType = type > 0 ? MediaTypes.Normalize(Encoding.UTF8.GetString(head[..type])) : Text;
            base64 = text[(comma + 1)..];
        }

        if (!Base64.IsValid(base64, out int length))
        {
            return null;
        }

        PooledBytes decoded = new(length);
        _ = Base64.DecodeFromUtf8(base64, decoded.Extend(length), out _, out int written);
        Debug.Assert(written == length, "The length of valid base64 is known.");
        return decoded;
    }

    public static void AppendBase64(PooledBytes target, ReadOnlySpan<byte> bytes) =>
        _ = Base64.EncodeToUtf8(bytes, target.Extend(Base64.GetMaxEncodedToUtf8Length(bytes.Length)), out _, out _);

    /// <summary>Returns the media type that the caller states or, if it is missing, the one that the first bytes show.</summary>
    public static string TypeOf(string mediaType, ReadOnlySpan<byte> data) => mediaType is not (Unknown or "") ? mediaType
        : data.StartsWith("%PDF-"u8) ? MediaTypes.Pdf
        : data.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G']) ? "image/png"
        : data.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]) ? "image/jpeg"
        : data.StartsWith("GIF8"u8) ? "image/gif"
        : data.StartsWith("RIFF"u8) && data.Length >= 12 && data[8..12].SequenceEqual("WEBP"u8) ? "image/webp"
        : data.StartsWith("RIFF"u8) && data.Length >= 12 && data[8..12].SequenceEqual("WAVE"u8) ? MediaTypes.Wave
        : data.StartsWith("ID3"u8) || data.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFB]) ? MediaTypes.Mp3
        : IsTextInUtf8(data) ? Text : Unknown;

    /// <summary>Returns whether data is UTF-8 text without control characters other than those for layout, because each of the others would need six characters
    /// in JSON.</summary>
    public static bool IsTextInUtf8(ReadOnlySpan<byte> data) => Utf8.IsValid(data) && !data.ContainsAny(NotInText);

    public static bool IsText(string mediaType) =>
        mediaType.StartsWith("text/", StringComparison.Ordinal) || mediaType is "application/json" or "application/xml";

    /// <summary>Returns whether a media type is an image type that needs no escape sequences in JSON.</summary>
    public static bool IsImage(string mediaType) => mediaType.StartsWith("image/", StringComparison.Ordinal)
        && mediaType["image/".Length..].All(character => char.IsAsciiLetterOrDigit(character) || character is '.' or '+' or '-');

    private static bool EndsWithBase64(ReadOnlySpan<byte> head) =>
        head.Length >= ";base64".Length && Ascii.EqualsIgnoreCase(head[^";base64".Length..], ";base64"u8);
}
