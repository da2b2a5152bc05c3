using System.Buffers;
using System.Text.Json;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Completions;

/// <summary>Writes the body of a request.</summary>
internal static class CompletionRequestWriter
{
    private static readonly AdditionalPropertyWriter Members = new("TextCompletionRequest.AdditionalProperties", new HashSet<string>
    {
        "prompt", "model", "suffix", "stream", "stream_options", "n", "max_tokens", "max_completion_tokens", "temperature", "top_p", "stop", "seed",
        "echo", "logprobs",
    });

    /// <exception cref="PrivatemodeRequestException">An additional property has a name or value that is not allowed, the model ID is not valid text, or a
    /// number is NaN or infinite.</exception>
    public static BinaryData Write(TextCompletionRequest request, string defaultModel, bool stream)
    {
        ArrayBufferWriter<byte> body = new();
        using (Utf8JsonWriter json = new(body))
        {
            json.WriteStartObject();
            json.WriteString(
                "model",
                request.ModelId is { Length: > 0 } model ? ModelIds.Validate("TextCompletionRequest.ModelId", model) : defaultModel);
            WriteTexts(json, "prompt", request.Prompts);
            if (request.Suffix is { } suffix)
            {
                json.WriteString("suffix", suffix);
            }

            WriteNumbers(json, request);
            if (request.StopSequences is { Count: > 0 } stops)
            {
                WriteTexts(json, "stop", stops);
            }

            if (request.Echo is { } echo)
            {
                json.WriteBoolean("echo", echo);
            }

            if (stream)
            {
                json.WriteBoolean("stream", true);
                json.WriteStartObject("stream_options");
                json.WriteBoolean("include_usage", true);
                json.WriteEndObject();
            }

            foreach ((string name, object? value) in request.AdditionalProperties ?? [])
            {
                Members.ThrowIfNotFree(name, isPosted: false);
                json.WritePropertyName(name);
                Members.Write(json, name, value);
            }

            json.WriteEndObject();
        }

        return new BinaryData(body.WrittenMemory);
    }

    private static void WriteNumbers(Utf8JsonWriter json, TextCompletionRequest request)
    {
        WriteInteger(json, "max_tokens", request.MaxOutputTokens);
        WriteFraction(json, "temperature", request.Temperature, nameof(request.Temperature));
        WriteFraction(json, "top_p", request.TopP, nameof(request.TopP));
        WriteInteger(json, "seed", request.Seed);
        WriteInteger(json, "logprobs", request.TopLogProbabilityCount);
        WriteInteger(json, "n", request.ChoiceCount);
    }

    private static void WriteInteger(Utf8JsonWriter json, string name, long? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
    }

    private static void WriteFraction(Utf8JsonWriter json, string name, float? value, string member)
    {
        if (value is not { } number)
        {
            return;
        }

        if (!float.IsFinite(number))
        {
            throw new PrivatemodeRequestException(
                $"{nameof(TextCompletionRequest)}.{member}",
                $"{member} is NaN or infinite, which JSON cannot express. Set a finite number, or leave it unset.");
        }

        json.WriteNumber(name, number);
    }

    /// <summary>Writes one text as a string, several as a list.</summary>
    private static void WriteTexts(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        if (texts.Count == 1)
        {
            json.WriteString(name, texts[0]);
            return;
        }

        json.WriteStartArray(name);
        foreach (string text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }
}
