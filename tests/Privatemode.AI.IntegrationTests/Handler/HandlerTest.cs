using System.Net.Http.Headers;
using System.Text;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Handler;

/// <summary>A test that speaks plain HTTP to a deployment through the handler, as any other library would.</summary>
public abstract class HandlerTest : DeploymentTest, IAsyncLifetime
{
    private protected const string ChatPath = "/v1/chat/completions";
    private protected const string MessagesPath = "/v1/messages";
    private protected const string TranscriptionPath = "/v1/audio/transcriptions";
    private protected const string PartitionPath = "/unstructured/general/v0/general";

    private protected HttpClient Http { get; private set; } = null!;

    async Task IAsyncLifetime.InitializeAsync()
    {
        await InitializeAsync();
        Http = NewHttp(Client);
    }

    async Task IAsyncLifetime.DisposeAsync()
    {
        Http.Dispose();
        await DisposeAsync();
    }

    private protected HttpClient NewHttp(PrivatemodeClient client) =>
        new(client.CreateHandler()) { BaseAddress = Deployment.Endpoint, Timeout = Timeout.InfiniteTimeSpan };

    private protected static string ChatBody(string text = "hi", bool stream = false) =>
        $$"""{"model":"{{ModelId}}","stream":{{(stream ? "true" : "false")}},"messages":[{"role":"user","content":"{{text}}"}]}""";

    private protected static string MessageBody(string text = "hi", bool stream = false) =>
        $$"""
        {"model":"{{ModelId}}","max_tokens":64,"stream":{{(stream ? "true" : "false")}},"system":"{{text}} system",
        "messages":[{"role":"user","content":[{"type":"text","text":"{{text}}"}]}],
        "tools":[{"name":"get_weather","description":"{{text}} tool","input_schema":{"type":"object"} }]}
        """;

    private protected static HttpContent Json(string text) => new StringContent(text, Encoding.UTF8, "application/json");

    private protected static MultipartFormDataContent Form(byte[] file, params (string Name, string Value)[] fields)
    {
        MultipartFormDataContent form = [];
        foreach ((string name, string value) in fields)
        {
            form.Add(new StringContent(value), name);
        }

        ByteArrayContent content = new(file);
        content.Headers.ContentType = new MediaTypeHeaderValue("audio/wav");
        form.Add(content, fields.Any(field => field.Name == "model") ? "file" : "files", "recording.wav");
        return form;
    }

    private protected static HttpRequestMessage Post(string path, string json) => new(HttpMethod.Post, path) { Content = Json(json) };

    /// <summary>Sends and reads the answer to its end or its failure: the response, what was read, and what broke it.</summary>
    private protected async Task<(HttpResponseMessage? Response, string Text, Exception? Failure)> ReadAsync(HttpRequestMessage request)
    {
        HttpResponseMessage? response = null;
        using MemoryStream read = new();
        Exception? failure = await Record.ExceptionAsync(async () =>
        {
            response = await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            await using Stream stream = await response.Content.ReadAsStreamAsync();
            await stream.CopyToAsync(read);
        }).OrTimeout();
        return (response, Encoding.UTF8.GetString(read.ToArray()), failure);
    }
}
