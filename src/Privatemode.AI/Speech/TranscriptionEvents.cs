using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Privatemode.AI.Speech;

/// <summary>Maps the events of one streamed transcription to updates: those of the model server (choices) and those of OpenAI's own service (types).</summary>
internal sealed class TranscriptionEvents(string modelId)
{
    private string? _responseId;
    private string _modelId = modelId;
    private UsageDetails? _usage;
    private bool _hasText;

    /// <summary>Returns the update for an event, or null if the event has no content.</summary>
    /// <exception cref="PrivatemodeServiceException">The model server ended the transcription early.</exception>
    public SpeechToTextResponseUpdate? Map(ReadOnlySpan<byte> data)
    {
        if (data.SequenceEqual("[DONE]"u8))
        {
            return null;
        }

        Utf8JsonReader reader = new(data);
        JsonElement root = JsonElement.ParseValue(ref reader);
        _responseId ??= TranscriptionReader.Text(root, "id");
        _modelId = TranscriptionReader.Text(root, "model") ?? _modelId;
        _usage = SpeechUsage.Read(root) ?? _usage;
        return TranscriptionReader.TryGet(root, "choices", out JsonElement choices) ? MapChoices(root, choices) : MapTyped(root);
    }

    /// <summary>Returns the last update, with the usage of the whole stream.</summary>
    public SpeechToTextResponseUpdate Complete()
    {
        SpeechToTextResponseUpdate update = Create(SpeechToTextResponseUpdateKind.SessionClose, raw: null);
        if (_usage is not null)
        {
            update.Contents.Add(new UsageContent(_usage));
        }

        return update;
    }

    private SpeechToTextResponseUpdate? MapChoices(JsonElement root, JsonElement choices)
    {
        string text = "";
        foreach (JsonElement choice in choices.EnumerateArray())
        {
            text += TranscriptionReader.TryGet(choice, "delta", out JsonElement delta) ? TranscriptionReader.Text(delta, "content") : null;
            if (TranscriptionReader.Text(choice, "finish_reason") is ("abort" or "error") and var reason)
            {
                throw PrivatemodeServiceException.BrokenOff(reason, requestId: null, _hasText);
            }
        }

        return text.Length > 0 ? CreateText(text, root) : null;
    }

    private SpeechToTextResponseUpdate? MapTyped(JsonElement root)
    {
        switch (TranscriptionReader.Text(root, "type"))
        {
            case "transcript.text.delta":
                return TranscriptionReader.Text(root, "delta") is { Length: > 0 } delta ? CreateText(delta, root) : null;
            case "transcript.text.done" when !_hasText:
                return TranscriptionReader.Text(root, "text") is { Length: > 0 } text ? CreateText(text, root) : null;
            case "transcript.text.segment":
                // Its text is also sent as deltas.
                SpeechToTextResponseUpdate segment = Create(SpeechToTextResponseUpdateKind.TextUpdated, root);
                segment.StartTime = TranscriptionReader.Time(root, "start");
                segment.EndTime = TranscriptionReader.Time(root, "end");
                return segment;
            default:
                return null;
        }
    }

    private SpeechToTextResponseUpdate CreateText(string text, JsonElement root)
    {
        _hasText = true;
        SpeechToTextResponseUpdate update = Create(SpeechToTextResponseUpdateKind.TextUpdated, root);
        update.Contents.Add(new TextContent(text));
        return update;
    }

    private SpeechToTextResponseUpdate Create(SpeechToTextResponseUpdateKind kind, JsonElement? raw) => new()
    {
        Kind = kind,
        ResponseId = _responseId,
        ModelId = _modelId,
        RawRepresentation = raw,
    };
}
