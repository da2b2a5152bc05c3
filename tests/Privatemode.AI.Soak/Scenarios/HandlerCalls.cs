using System.Text;

namespace Privatemode.AI.Soak.Scenarios;

/// <summary>Calls through the message handler of a client, synchronous and not.</summary>
internal static class HandlerCalls
{
    public static HttpClient Connect(PrivatemodeClient client, Uri endpoint) => new(client.CreateHandler())
    {
        BaseAddress = endpoint,
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>Blocks its thread.</summary>
    public static Outcome Send(HttpClient http, string marker, bool stream)
    {
        using HttpRequestMessage request = Request(marker, stream);
        using HttpResponseMessage answer = http.Send(request, HttpCompletionOption.ResponseHeadersRead);
        using StreamReader reader = new(answer.Content.ReadAsStream(), Encoding.UTF8);
        return Read(answer, reader.ReadToEnd(), marker, stream);
    }

    public static async Task<Outcome> SendAsync(HttpClient http, string marker, bool stream)
    {
        using HttpRequestMessage request = Request(marker, stream);
        using HttpResponseMessage answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using StreamReader reader = new(await answer.Content.ReadAsStreamAsync(), Encoding.UTF8);
        return Read(answer, await reader.ReadToEndAsync(), marker, stream);
    }

    private static HttpRequestMessage Request(string marker, bool stream)
    {
        string body = $$"""
            {"model":"{{SoakHost.ChatModel}}","stream":{{(stream ? "true" : "false")}},"messages":[{"role":"user","content":"{{marker}}"}]}
            """;
        return new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
    }

    private static Outcome Read(HttpResponseMessage answer, string text, string marker, bool stream) => Judge.Model(
        new HttpAnswer((int)answer.StatusCode, answer.Content.Headers.ContentType?.MediaType, text, null), Dialect.Chat, marker, stream, calls: false);
}
