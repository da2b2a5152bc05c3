using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Privatemode.AI.Testing.Enclave;

/// <summary>Writes transcriptions the way the model server does, before they are encrypted: the duration is a string.</summary>
internal sealed class TranscriptionWriter(ModelRequest request, ScriptedAnswer answer, DateTimeOffset now)
{
    private double Seconds => answer.Duration?.TotalSeconds
        ?? answer.Segments.Concat(answer.Words).Select(segment => segment.End.TotalSeconds).DefaultIfEmpty(1).Max();

    /// <summary>Returns the whole answer.</summary>
    public string Whole()
    {
        if (answer.WholeDocument is not null)
        {
            return answer.WholeDocument;
        }

        JsonObject document = [];
        if (Asks("response_format", "verbose_json"))
        {
            document["duration"] = Seconds.ToString(CultureInfo.InvariantCulture);
            document["language"] = answer.Language ?? (request.Root.TryGetProperty("language", out JsonElement language) ? language.GetString() : "en");
            document["segments"] = new JsonArray([.. answer.Segments.Select((segment, i) => (JsonNode)Segment(segment, i))]);

            // Sent in any case, like everything the model server knows a place for.
            document["words"] = answer.Words.Count == 0 ? null : new JsonArray([.. answer.Words.Select(word => (JsonNode)new JsonObject
            {
                ["word"] = word.Text,
                ["start"] = word.Start.TotalSeconds,
                ["end"] = word.End.TotalSeconds,
            })]);
        }

        document["text"] = answer.Content;
        document["usage"] = new JsonObject { ["type"] = "duration", ["seconds"] = (int)Math.Ceiling(Seconds) };
        return document.ToJsonString();
    }

    /// <summary>Returns the events of a streamed answer, without the end marker. Every event contains the usage so far, because the service always requests
    /// it.</summary>
    public IReadOnlyList<string> Events()
    {
        if (answer.Events is not null)
        {
            return answer.Events;
        }

        string id = $"trsc-{Guid.NewGuid():N}";
        string[] pieces = [.. CompletionWriter.Pieces(answer.Content)];
        return
        [
            .. pieces.Select((piece, i) => Chunk(id, Choices(piece, finish: null), i + 1).ToJsonString()),
            Chunk(id, Choices("", answer.FinishReason), pieces.Length).ToJsonString(),
            Chunk(id, [], pieces.Length).ToJsonString(),
        ];
    }

    private bool Asks(string name, string value) => request.Root.TryGetProperty(name, out JsonElement given) && given.ValueEquals(value);

    private static JsonObject Segment(ScriptedTranscriptionSegment segment, int id) => new()
    {
        ["id"] = id,
        ["seek"] = 0,
        ["start"] = segment.Start.TotalSeconds,
        ["end"] = segment.End.TotalSeconds,
        ["text"] = segment.Text,
        ["tokens"] = new JsonArray(),
        ["temperature"] = 0.0,
        ["avg_logprob"] = -0.25,
        ["compression_ratio"] = 1.5,
        ["no_speech_prob"] = 0.125,
    };

    private static JsonArray Choices(string piece, string? finish) =>
        new(new JsonObject { ["delta"] = new JsonObject { ["content"] = piece }, ["finish_reason"] = finish });

    private JsonObject Chunk(string id, JsonArray choices, int tokens) => new()
    {
        ["id"] = id,
        ["object"] = "transcription.chunk",
        ["created"] = now.ToUnixTimeSeconds(),
        ["model"] = request.Model,
        ["choices"] = choices,
        ["usage"] = new JsonObject { ["prompt_tokens"] = 1, ["completion_tokens"] = tokens, ["total_tokens"] = tokens + 1 },
    };
}
