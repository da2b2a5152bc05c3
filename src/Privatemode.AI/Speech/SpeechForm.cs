using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.AI;
using OpenAI.Audio;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Speech;

/// <summary>Converts the options of a call to the fields of its form; unsupported options are refused before anything is sent.</summary>
internal static class SpeechForm
{
    private const string Verbose = "verbose_json";
    private const string Json = "json";

    /// <exception cref="PrivatemodeRequestException">The service does not support an option. The exception names it.</exception>
    public static IReadOnlyList<FormField> Fields(ISpeechToTextClient client, SpeechToTextOptions? options, string modelId, bool isStreamed)
    {
        SpeechTranscriptionOptions? ours = options as SpeechTranscriptionOptions;
        AudioTranscriptionOptions? raw = options?.RawRepresentationFactory?.Invoke(client) as AudioTranscriptionOptions;
        SpeechFormFields fields = new(options?.AdditionalProperties);
        fields.Add("model", modelId);
        fields.Add("language", LanguageOf(options) ?? raw?.Language);
        fields.Add("prompt", ours?.Prompt ?? raw?.Prompt);
        fields.Add("temperature", TemperatureOf(ours?.Temperature ?? raw?.Temperature));
        fields.Add("timestamp_granularities[]", Granularity(ours) ?? Granularity(raw));
        fields.Add("response_format", raw?.ResponseFormat?.ToString());
        fields.AddExtras();
        CompleteFormat(fields, isStreamed);
        if (isStreamed)
        {
            fields.Add("stream", "true");
            fields.Add("stream_include_usage", "true");
        }

        return fields.All;
    }

    /// <summary>Returns the first subtag of a language, because the service uses two-letter codes.</summary>
    private static string? Subtag(string? language) => string.IsNullOrWhiteSpace(language) ? null : language.Trim().Split('-', '_')[0].ToLowerInvariant();

    private static string? LanguageOf(SpeechToTextOptions? options)
    {
        string? spoken = Subtag(options?.SpeechLanguage);
        return Subtag(options?.TextLanguage) is { } written && written != spoken
            ? throw new PrivatemodeRequestException(
                $"{nameof(SpeechToTextOptions)}.{nameof(SpeechToTextOptions.TextLanguage)}",
                "TextLanguage differs from SpeechLanguage, but the service removed translations in version 1.33. " +
                "Set TextLanguage to null or to SpeechLanguage. To translate, transcribe first, then use a chat.")
            : spoken;
    }

    private static string? TemperatureOf(float? temperature) => temperature switch
    {
        null => null,
        >= 0 and <= 1 => temperature.Value.ToString(CultureInfo.InvariantCulture),
        _ => throw new PrivatemodeRequestException(
            $"{nameof(SpeechTranscriptionOptions)}.{nameof(SpeechTranscriptionOptions.Temperature)}",
            "The temperature of a transcription must be from 0 to 1."),
    };

    private static string? Granularity(SpeechTranscriptionOptions? options) => options?.Timestamps switch
    {
        TranscriptionTimestamps.Segments => "segment",
        TranscriptionTimestamps.Words => "word",
        null or TranscriptionTimestamps.None => null,
        _ => throw new PrivatemodeRequestException(
            $"{nameof(SpeechTranscriptionOptions)}.{nameof(SpeechTranscriptionOptions.Timestamps)}",
            $"Timestamps is {(int)options!.Timestamps}. Use None, Segments or Words."),
    };

    private static string? Granularity(AudioTranscriptionOptions? raw) => raw?.TimestampGranularities switch
    {
        AudioTimestampGranularities.Segment => "segment",
        AudioTimestampGranularities.Word => "word",
        null or AudioTimestampGranularities.Default => null,
        _ => throw new PrivatemodeRequestException(
            $"{nameof(AudioTranscriptionOptions)}.{nameof(AudioTranscriptionOptions.TimestampGranularities)}",
            "The service keeps only the first of two timestamp granularities. Request only one."),
    };

    private static void CompleteFormat(SpeechFormFields fields, bool isStreamed)
    {
        bool wantsTimes = fields.Find("timestamp_granularities[]") is not null;
        string format = fields.Find("response_format") ?? fields.Add("response_format", wantsTimes ? Verbose : Json)!;
        if (format is not (Json or Verbose))
        {
            throw new PrivatemodeRequestException(
                "response_format", "Only json and verbose_json can be decrypted. For SRT or WebVTT, set Timestamps to Segments, then call " +
                "ToSubRip or ToWebVtt on the answer.");
        }

        if (wantsTimes && format != Verbose)
        {
            throw new PrivatemodeRequestException("response_format", "Timestamps require verbose_json. Remove response_format.");
        }

        if (format == Verbose && isStreamed)
        {
            throw new PrivatemodeRequestException(
                $"{nameof(SpeechTranscriptionOptions)}.{nameof(SpeechTranscriptionOptions.Timestamps)}",
                "The service returns timestamps only with complete answers. Call GetTextAsync, or do not request timestamps.");
        }

        if (format == Verbose && fields.Find("language") is null)
        {
            throw new PrivatemodeRequestException(
                $"{nameof(SpeechToTextOptions)}.{nameof(SpeechToTextOptions.SpeechLanguage)}",
                "The service requires the language for verbose_json (timestamps). Set SpeechLanguage.");
        }
    }
}

/// <summary>The fields of a new form. Each name occurs once, because the service uses only the first of two fields with the same name.</summary>
internal sealed class SpeechFormFields(AdditionalPropertiesDictionary? extras)
{
    private const string Member = "SpeechToTextOptions.AdditionalProperties";

    private static readonly AdditionalPropertyWriter Names = new(
        Member, new HashSet<string> { "file", "model", "stream", "stream_include_usage", "stream_continuous_usage_stats" }, isForm: true);

    private readonly List<FormField> _fields = [];

    public IReadOnlyList<FormField> All => _fields;

    /// <summary>Adds a field, unless its value is null.</summary>
    public string? Add(string name, string? value)
    {
        if (value is not null)
        {
            _fields.Add(new FormField(name, value));
        }

        return value;
    }

    /// <summary>The value of a field, or null.</summary>
    public string? Find(string name) => _fields.Find(field => field.Name == name).Value;

    /// <summary>Adds the additional properties of the caller.</summary>
    /// <exception cref="PrivatemodeRequestException">A name is invalid or already in use, or a value is not text, a number or a Boolean.</exception>
    public void AddExtras()
    {
        foreach ((string name, object? value) in extras ?? [])
        {
            Names.ThrowIfNotFree(name, Find(name) is not null);
            _ = Add(name, TextOf(name, value));
        }
    }

    private static string? TextOf(string name, object? value) => value switch
    {
        null or JsonElement { ValueKind: JsonValueKind.Null } => null,
        string text => text,
        bool flag => flag ? "true" : "false",
        JsonElement { ValueKind: JsonValueKind.String } element => WellFormedText.Of(Member, element).GetString(),
        JsonElement { ValueKind: JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False } element => element.GetRawText(),
        float.NaN or float.PositiveInfinity or float.NegativeInfinity or double.NaN or double.PositiveInfinity or double.NegativeInfinity =>
            throw new PrivatemodeRequestException(Member, $"The value of '{name}' is NaN or infinite. Use a finite number, or leave it out."),
        byte or sbyte or short or ushort or int or uint or long or ulong or decimal or float or double =>
            ((IFormattable)value).ToString(null, CultureInfo.InvariantCulture),
        _ => throw new PrivatemodeRequestException(Member, $"The value of '{name}' cannot be sent as a form field. Use text, a number or a Boolean."),
    };
}
