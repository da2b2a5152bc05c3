using System.Buffers;
using System.Text;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Encryption.Multipart;

namespace Privatemode.AI.Pipeline.Requests;

/// <summary>What the fields of a transcription may be: those in the clear by type, so that no content slips out, and what the service takes.</summary>
internal static class FormFields
{
    /// <summary>Largest file, in bytes: 50 MiB.</summary>
    public const int FileLimit = 50 * 1024 * 1024;

    private const int NameLimit = 64;

    private static readonly SearchValues<byte> NameBytes = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_[]"u8);

    /// <summary>Checks names, clear values, sizes and what is asked for.</summary>
    /// <exception cref="PrivatemodeWouldLeakException">A name or a clear value could carry content.</exception>
    /// <exception cref="PrivatemodeRequestException">The service does not take this.</exception>
    public static void Check(FormBody body, PlainNames plain)
    {
        foreach (FormPart part in body.Form.Parts)
        {
            DemandName(part);
            if (part.IsFile && body.Value(part).Length > FileLimit)
            {
                throw new PrivatemodeRequestException(
                    "file", $"The file is larger than {FileLimit} bytes (50 MiB), the most the service takes. Split it, or compress it more.");
            }

            if (plain.Contains(part.Name) && (part.IsFile || !IsClearValue(part.Name, body.Value(part))))
            {
                throw new PrivatemodeWouldLeakException(
                    "clear-field", $"The field '{Encoding.ASCII.GetString(part.Name)}' travels in the clear and must be {Allowed(part.Name)}.");
            }
        }

        DemandUnique(body.Form);
        DemandFormat(body);
    }

    /// <summary>Whether a field of this name may travel in the clear with this value.</summary>
    public static bool IsClearValue(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) => name.SequenceEqual("model"u8)
        ? Ascii.IsValid(value) && ClearFields.IsModelId(Encoding.ASCII.GetString(value))
        : ClearFields.IsBoolean(value);

    /// <summary>The model the form names; null when it names none.</summary>
    public static string? ModelOf(FormBody body) => body.Form.Find("model"u8) is { } part ? Encoding.ASCII.GetString(body.Value(part)) : null;

    public static bool WantsStream(FormBody body) => Is(body, "stream"u8, "true"u8);

    /// <summary>Whether the last event of the stream tells what was used.</summary>
    public static bool WantsUsage(FormBody body) => Is(body, "stream_include_usage"u8, "true"u8);

    /// <summary>Whether every event of the stream tells what was used so far.</summary>
    public static bool WantsUsageOnEveryEvent(FormBody body) => Is(body, "stream_continuous_usage_stats"u8, "true"u8);

    /// <summary>Asks for usage in a form that does not speak of it: the event that tells it shows that no stretch of the recording is missing.</summary>
    /// <returns>Whether it was added, and the caller expects no such event.</returns>
    public static bool EnsureUsage(FormBody body)
    {
        bool isMissing = WantsStream(body) && body.Form.Find("stream_include_usage"u8) is null;
        if (isMissing)
        {
            body.Add("stream_include_usage", "true");
        }

        return isMissing;
    }

    public static bool WantsTimes(FormBody body) => Is(body, "response_format"u8, "verbose_json"u8);

    private static bool Is(FormBody body, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) =>
        body.Form.Find(name) is { } part && body.Value(part).SequenceEqual(value);

    private static void DemandName(FormPart part)
    {
        if (part.Name.Length > NameLimit || part.Name.AsSpan().ContainsAnyExcept(NameBytes))
        {
            throw new PrivatemodeWouldLeakException(
                "member-name",
                $"A field of the form has a name that is not 1 to {NameLimit} of A-Z a-z 0-9 _ [ ]; names travel in the clear. Rename it.");
        }
    }

    private static void DemandUnique(FormIndex form)
    {
        if (form.HasRepeats)
        {
            throw new PrivatemodeRequestException(
                form.Find("timestamp_granularities[]"u8) is null ? "form" : "timestamp_granularities[]",
                "The form has two fields of the same name, and the service keeps only the first. Of timestamp granularities, ask for one.");
        }
    }

    private static void DemandFormat(FormBody body)
    {
        if (body.Form.Find("response_format"u8) is { } part && !(
            body.Value(part).SequenceEqual("json"u8) || body.Value(part).SequenceEqual("verbose_json"u8)))
        {
            throw new PrivatemodeRequestException(
                "response_format", "The response_format of a transcription must be json or verbose_json: only JSON answers can be sealed and opened.");
        }
    }

    private static string Allowed(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("model"u8) ? "the id of a model: 1 to 128 of A-Z a-z 0-9 . _ / -" : "true or false";
}
