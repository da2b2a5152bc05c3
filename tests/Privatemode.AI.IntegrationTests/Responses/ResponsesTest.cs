using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text;
using System.Text.Json;
using Privatemode.AI.IntegrationTests.Handler;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Responses;

/// <summary>A test that asks for responses, which the library translates to chats, on each of the ways that lead to the service.</summary>
public abstract class ResponsesTest : HandlerTest
{
    protected const string ResponsesPath = "/v1/responses";

    public static TheoryData<Carrier> Carriers => [.. Enum.GetValues<Carrier>()];

    /// <summary>Who carries the request.</summary>
    public enum Carrier
    {
        /// <summary>The message handler.</summary>
        Handler,

        /// <summary>The message handler, blocking.</summary>
        SynchronousHandler,

        /// <summary>The client of the OpenAI package.</summary>
        Client,

        /// <summary>The client of the OpenAI package, blocking.</summary>
        SynchronousClient,
    }

    private protected static string Body(string members, bool stream = false) =>
        $$"""{"model":"{{ModelId}}","stream":{{(stream ? "true" : "false")}},{{members}}}""";

    /// <summary>Sends a request and reads its answer to the end, or as far as it comes.</summary>
    private protected async Task<(string Text, Exception? Failure)> SendAsync(Carrier carrier, string body, bool stream = false)
    {
        using MemoryStream read = new();
        Exception? failure = carrier switch
        {
            Carrier.Handler => await Record.ExceptionAsync(() => CopyAsync(body, read)).OrTimeout(),
            Carrier.SynchronousHandler => await TestTimeouts.OnOwnThread(() => Record.Exception(() => Copy(body, read))),
            Carrier.Client => await Record.ExceptionAsync(async () =>
            {
                using BinaryContent content = BinaryContent.Create(BinaryData.FromString(body));
                ClientResult result = await Client.OpenAI.GetResponsesClient().CreateResponseAsync(content, Options(stream));
                await ContentOf(result).CopyToAsync(read);
            }).OrTimeout(),
            _ => await TestTimeouts.OnOwnThread(() => Record.Exception(() =>
            {
                using BinaryContent content = BinaryContent.Create(BinaryData.FromString(body));
                ContentOf(Client.OpenAI.GetResponsesClient().CreateResponse(content, Options(stream))).CopyTo(read);
            })),
        };
        return (Encoding.UTF8.GetString(read.ToArray()), failure);
    }

    /// <summary>The response of a request that is answered.</summary>
    private protected async Task<JsonElement> AskAsync(Carrier carrier, string members)
    {
        (string text, Exception? failure) = await SendAsync(carrier, Body(members));
        Assert.Null(failure);
        return Parse(text);
    }

    /// <summary>The events of a stream, whose form, numbers and names are checked.</summary>
    private protected static IReadOnlyList<JsonElement> EventsOf(string text)
    {
        Assert.True(text.Length == 0 || text.EndsWith("\n\n", StringComparison.Ordinal));
        List<JsonElement> events = [];
        foreach (string lines in text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = lines.Split('\n');
            Assert.Equal(2, parts.Length);
            JsonElement data = Parse(parts[1]["data: ".Length..]);
            Assert.Equal($"event: {TypeOf(data)}", parts[0]);
            Assert.Equal(events.Count, data.GetProperty("sequence_number").GetInt32());
            Assert.False(data.GetProperty("store").GetBoolean());
            events.Add(data);
        }

        return events;
    }

    private protected static IEnumerable<string> TypesOf(IEnumerable<JsonElement> events) => events.Select(TypeOf);

    private protected static string TypeOf(JsonElement element) => element.GetProperty("type").GetString()!;

    private protected static string DeltasOf(IEnumerable<JsonElement> events) =>
        string.Concat(events.Where(data => TypeOf(data) == "response.output_text.delta").Select(data => data.GetProperty("delta").GetString()));

    private protected static JsonElement Parse(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }

    /// <summary>What the deployment decrypted of a request, counted from 0.</summary>
    private protected JsonElement ChatOf(int request = 0) => Parse(Deployment.Requests[request].DecryptedBody!);

    private static RequestOptions Options(bool stream)
    {
        RequestOptions options = new() { BufferResponse = !stream };
        options.AddHeader("Accept", stream ? "text/event-stream" : "application/json");
        return options;
    }

    private static Stream ContentOf(ClientResult result) =>
        result.GetRawResponse() is { ContentStream: { } stream } ? stream : throw new InvalidOperationException("There is no answer.");

    private async Task CopyAsync(string body, Stream target)
    {
        using HttpRequestMessage request = Post(ResponsesPath, body);
        using HttpResponseMessage response = await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await using Stream stream = await response.Content.ReadAsStreamAsync();
        await stream.CopyToAsync(target);
    }

    private void Copy(string body, Stream target)
    {
        using HttpRequestMessage request = Post(ResponsesPath, body);
        using HttpResponseMessage response = Http.Send(request, HttpCompletionOption.ResponseHeadersRead);
        using Stream stream = response.Content.ReadAsStream();
        stream.CopyTo(target);
    }
}
