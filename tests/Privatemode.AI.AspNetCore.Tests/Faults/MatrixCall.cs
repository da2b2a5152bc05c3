using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Privatemode.AI.IntegrationTests.Canary;
using Privatemode.AI.Soak;
using Privatemode.AI.Testing;

namespace Privatemode.AI.AspNetCore.Tests.Faults;

/// <summary>A call to one endpoint, whole or streamed. Its prompt, file and file name have the sentinel.</summary>
/// <param name="Endpoint">The name in cells.</param>
/// <param name="Model">The model; empty if the endpoint has none.</param>
internal sealed record MatrixCall(string Endpoint, string Path, string Model, bool IsStream)
{
    /// <summary>A word of every answer that has text, to find it on the wire.</summary>
    public const string AnswerMark = "QkV7wAnswerZm3";

    /// <summary>The answer of the model: six pieces of a stream.</summary>
    public const string AnswerText = $"{AnswerMark} one two three four five";

    public const string Models = "models";

    /// <summary>Begins as a recording does: the adapter looks.</summary>
    public static byte[] File { get; } = Encoding.ASCII.GetBytes($"RIFF\0\0\0\0WAVEfmt {Sentinel.Text}");

    private static readonly float[] Vector = [0.25f, -0.5f, 0.75f];

    private static readonly string[] Streamed = ["chat", "completions", "transcriptions", "messages", "responses"];

    private static readonly (string Endpoint, string Path, string Model)[] Endpoints =
    [
        ("chat", "/v1/chat/completions", "gpt-oss-120b"),
        ("completions", "/v1/completions", "gpt-oss-120b"),
        ("embeddings", "/v1/embeddings", "qwen3-embedding-4b"),
        ("transcriptions", "/v1/audio/transcriptions", "whisper-large-v3"),
        ("documents", "/unstructured/general/v0/general", ""),
        ("messages", "/v1/messages", "gpt-oss-120b"),
        ("responses", "/v1/responses", "gpt-oss-120b"),
        (Models, "/v1/models", ""),
    ];

    /// <summary>Every endpoint, whole and streamed; those that do not stream have no second form.</summary>
    public static IReadOnlyList<MatrixCall> All { get; } =
    [
        .. from endpoint in Endpoints
        from isStream in (bool[])[false, true]
        select new MatrixCall(endpoint.Endpoint, endpoint.Path, endpoint.Model, isStream),
    ];

    public bool Exists => !IsStream || Streamed.Contains(Endpoint);

    /// <summary>The list of models is neither encrypted nor authenticated; faults of answers cannot happen to it.</summary>
    public bool IsEncrypted => Endpoint != Models;

    public bool IsForm => Endpoint is "transcriptions" or "documents";

    /// <summary>Where the request arrives at the service: a response is sent as a chat.</summary>
    public string ServicePath => Endpoint == "responses" ? "/v1/chat/completions" : Path;

    public string RightText => Endpoint switch
    {
        "embeddings" => string.Join(' ', Vector),
        Models => string.Join(' ', new PrivatemodeTestDeploymentOptions().Models.Keys.Order(StringComparer.Ordinal)),
        _ => AnswerText,
    };

    /// <summary>Events of a transcription look like those of a chat.</summary>
    private Dialect Dialect => Endpoint switch
    {
        "completions" => Dialect.Completion,
        "messages" => Dialect.Messages,
        "responses" => Dialect.Responses,
        _ => Dialect.Chat,
    };

    public override string ToString() => $"{Endpoint} {(IsStream ? "streamed" : "whole")}";

    public static void Script(ScriptedModel model)
    {
        model.SetEmbedding(Sentinel.Text, Vector);
        model.SetFallback(request => request.PathAndQuery switch
        {
            "/v1/audio/transcriptions" => ScriptedAnswer.Transcription(AnswerText),
            "/unstructured/general/v0/general" => ScriptedAnswer.Document(new ScriptedDocumentElement("NarrativeText", AnswerText)),
            _ => ScriptedAnswer.Text(AnswerText),
        });
    }

    /// <summary>The body of the request; null if it has none.</summary>
    public HttpContent? NewContent()
    {
        string head = $"\"model\":\"{Model}\",\"stream\":{(IsStream ? "true" : "false")}";
        return Endpoint switch
        {
            "chat" => Json($$"""{{{head}},"messages":[{"role":"user","content":"{{Sentinel.Text}}"}]}"""),
            "completions" => Json($$"""{{{head}},"prompt":"{{Sentinel.Text}}"}"""),
            "embeddings" => Json($$"""{"model":"{{Model}}","input":["{{Sentinel.Text}}"]}"""),
            "messages" => Json($$"""{{{head}},"max_tokens":64,"messages":[{"role":"user","content":"{{Sentinel.Text}}"}]}"""),
            "responses" => Json($$"""{{{head}},"input":"{{Sentinel.Text}}"}"""),
            "transcriptions" => Form("file", ("model", Model), ("prompt", Sentinel.Text), ("stream", IsStream ? "true" : "false")),
            "documents" => Form("files", ("strategy", "fast")),
            _ => null,
        };
    }

    /// <summary>The text of an answer, as far as it came, and whether the answer says that it is whole.</summary>
    public (string Text, bool IsWhole) Read(string body) => IsStream ? ReadStream(body) : (ReadWhole(body), true);

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    private static MultipartFormDataContent Form(string file, params (string Name, string Value)[] fields)
    {
        MultipartFormDataContent form = new("a-boundary-that-is-long-enough");
        foreach ((string name, string value) in fields)
        {
            form.Add(new StringContent(value), name);
        }

        ByteArrayContent content = new(File);
        content.Headers.ContentType = new MediaTypeHeaderValue("audio/wav");
        form.Add(content, file, $"{Sentinel.Text}.wav");
        return form;
    }

    private string ReadWhole(string body)
    {
        if (Endpoint is "chat" or "completions" or "messages" or "responses")
        {
            DialectReader reader = new(Dialect);
            reader.ReadWhole(body);
            return reader.Text;
        }

        using JsonDocument document = JsonDocument.Parse(body);
        JsonElement root = document.RootElement;
        return Endpoint switch
        {
            "embeddings" => string.Join(' ', root.GetProperty("data")[0].GetProperty("embedding").EnumerateArray().Select(number => number.GetSingle())),
            "transcriptions" => root.GetProperty("text").GetString()!,
            "documents" => string.Concat(root.EnumerateArray().Select(element => element.GetProperty("text").GetString())),
            _ => string.Join(' ', root.GetProperty("data").EnumerateArray().Select(model => model.GetProperty("id").GetString()).Order(StringComparer.Ordinal)),
        };
    }

    private (string Text, bool IsWhole) ReadStream(string body)
    {
        DialectReader reader = new(Dialect);
        reader.ReadStream(body);
        return (reader.Text, reader.IsComplete);
    }

    /// <summary>The data of the events that are complete.</summary>
    public static IEnumerable<string> EventsOf(string body) => body.Split("\n\n")[..^1]
        .Select(frame => frame.Split('\n').FirstOrDefault(line => line.StartsWith("data: ", StringComparison.Ordinal))?["data: ".Length..]).OfType<string>();
}
