using System.Text;
using System.Text.Json;
using Privatemode.AI.Testing;

namespace Privatemode.Tool.Demo;

/// <summary>Creates the answers of the demo without a script. Words in the last message of the user select the kind of answer.</summary>
internal static class DemoModel
{
    private const int MaxEchoLength = 80;
    private const int MaxDocumentLength = 1 << 20;

    /// <summary>Whether a request has messages or a prompt.</summary>
    public static bool IsConversation(RecordedRequest request) =>
        request.PathAndQuery.StartsWith("/v1/", StringComparison.Ordinal) && !IsTranscription(request);

    public static ScriptedAnswer Answer(RecordedRequest request)
    {
        if (IsTranscription(request))
        {
            return Transcribe();
        }

        if (!IsConversation(request) || request.DecryptedBody is null)
        {
            return Document(request);
        }

        using JsonDocument body = JsonDocument.Parse(request.DecryptedBody);
        return Converse(body.RootElement);
    }

    private static bool IsTranscription(RecordedRequest request) =>
        request.PathAndQuery.StartsWith("/v1/audio/transcriptions", StringComparison.Ordinal);

    private static ScriptedAnswer Converse(JsonElement body)
    {
        (string text, bool isToolResult) = DemoConversation.LastText(body);
        if (DemoConversation.AnswerSchema(body) is { } schema)
        {
            return ScriptedAnswer.Text(DemoSchema.Instance(schema));
        }

        if (isToolResult)
        {
            return ScriptedAnswer.Text($"The tool returned: {Shorten(text)}");
        }

        if (Has(text, "tool") && DemoConversation.ToolCall(body) is { } call)
        {
            return ScriptedAnswer.ToolCall(call.Name, call.Arguments);
        }

        return Has(text, "reason")
            ? ScriptedAnswer.Text("The answer follows from the reasoning above.").WithReasoning("First I read the question. Then I think step by step.")
            : Has(text, "markdown") ? ScriptedAnswer.Text(DemoTexts.Markdown)
            : Has(text, "hostile") ? ScriptedAnswer.Text(DemoTexts.Hostile)
            : Has(text, "long") ? ScriptedAnswer.Text(string.Join(' ', Enumerable.Range(1, 400).Select(number => $"word{number}")))
            : ScriptedAnswer.Text($"This is the demo. You wrote: {Shorten(text)}");
    }

    private static bool Has(string text, string word) => text.Contains(word, StringComparison.OrdinalIgnoreCase);

    private static string Shorten(string text)
    {
        string line = text.ReplaceLineEndings(" ").Trim();
        return line.Length <= MaxEchoLength ? line : $"{line[..MaxEchoLength]}…";
    }

    private static ScriptedAnswer Transcribe() => ScriptedAnswer.Transcription(
            "This is the demo. It does not listen to recordings.",
            new ScriptedTranscriptionSegment("This is the demo.", TimeSpan.Zero, TimeSpan.FromSeconds(1.5)),
            new ScriptedTranscriptionSegment("It does not listen to recordings.", TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(4)))
        .WithLanguage("en").WithRecordingDuration(TimeSpan.FromSeconds(4));

    private static ScriptedAnswer Document(RecordedRequest request)
    {
        ReadOnlyMemory<byte> file = request.DecryptedFields.Values.MaxBy(value => value.Length);
        string text = Encoding.UTF8.GetString(file.Span[..Math.Min(file.Length, MaxDocumentLength)]);
        bool isText = text.Length > 0 && !text.Any(character => character is '\ufffd' or '\0');
        return ScriptedAnswer.Document(
            new ScriptedDocumentElement("Title", "Demo document") { PageNumber = 1 },
            new ScriptedDocumentElement("NarrativeText", isText ? text : $"The file has {file.Length} bytes.") { PageNumber = 1 });
    }
}
