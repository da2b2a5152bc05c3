using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Privatemode.AI.IntegrationTests.Canary;
using Privatemode.AI.Testing;

namespace Privatemode.AI.AspNetCore.Tests.Faults;

/// <summary>What a caller gets.</summary>
/// <param name="Text">The text of the answer, as far as it came.</param>
/// <param name="IsWhole">Whether the answer looks whole to the caller.</param>
/// <param name="Error">The type of the error that the caller sees; null if the call succeeds.</param>
/// <param name="Details">All that the error says, which must not have content.</param>
internal sealed record MatrixReply(string Text, bool IsWhole, string? Error = null, string Details = "");

/// <summary>One way to call the service.</summary>
internal abstract class MatrixEntry : IAsyncDisposable
{
    public static IReadOnlyList<string> Names { get; } = ["adapters", "policy", "handler", "proxy"];

    /// <param name="deployment">The service.</param>
    /// <param name="configure">Sets options of the client.</param>
    /// <param name="proxyClock">The clock of the proxy; the client has that of the deployment.</param>
    public static async Task<MatrixEntry> CreateAsync(
        string name, PrivatemodeTestDeployment deployment, Action<PrivatemodeOptions> configure, MatrixClock proxyClock)
    {
        return name switch
        {
            "adapters" => new AdapterEntry(deployment.CreateClient(configure)),
            "policy" => new PolicyEntry(deployment.CreateClient(configure), deployment.Endpoint),
            "handler" => new HandlerEntry(deployment.CreateClient(configure), deployment.Endpoint),
            _ => await ProxyEntry.StartAsync(ConfigureProxy, proxyClock),
        };

        void ConfigureProxy(PrivatemodeOptions options)
        {
            deployment.ConfigureClient(options);
            configure(options);
        }
    }

    /// <summary>Calls, and reads the answer to its end or its failure.</summary>
    public abstract Task<MatrixReply> CallAsync(MatrixCall call);

    public abstract ValueTask DisposeAsync();

    protected static MatrixReply Failed(MatrixCall call, string body, Exception exception) =>
        new(body.Length == 0 ? "" : call.Read(body).Text, false, NameOf(exception), exception.ToString());

    /// <summary>The type by which a program can tell the exception, and what it says of the kind of failure.</summary>
    protected static string NameOf(Exception exception) => exception switch
    {
        PrivatemodeException own => $"{own.GetType().Name} {own.ErrorType}",
        ClientResultException client => $"ClientResultException {client.Status}",
        HttpRequestException http => $"HttpRequestException {http.HttpRequestError}",
        _ => $"UNTYPED {exception}",
    };

    protected static MatrixReply Read(MatrixCall call, string body)
    {
        (string text, bool isWhole) = call.Read(body);
        return new MatrixReply(text, isWhole);
    }

    /// <summary>The chat client and its siblings, as applications use them.</summary>
    private sealed class AdapterEntry(PrivatemodeClient client) : MatrixEntry
    {
        public override async Task<MatrixReply> CallAsync(MatrixCall call)
        {
            StringBuilder text = new();
            try
            {
                await foreach (string piece in PiecesAsync(call))
                {
                    _ = text.Append(piece);
                }

                return new MatrixReply(text.ToString(), true);
            }
            catch (Exception exception)
            {
                return new MatrixReply(text.ToString(), false, NameOf(exception), exception.ToString());
            }
        }

        public override ValueTask DisposeAsync() => client.DisposeAsync();

        private async IAsyncEnumerable<string> PiecesAsync(MatrixCall call)
        {
            using MemoryStream file = new(MatrixCall.File);
            switch (call.Endpoint, call.IsStream)
            {
                case ("chat", false):
                    yield return (await client.AsIChatClient(call.Model).GetResponseAsync(Sentinel.Text)).Text;
                    break;
                case ("chat", true):
                    await foreach (ChatResponseUpdate update in client.AsIChatClient(call.Model).GetStreamingResponseAsync(Sentinel.Text))
                    {
                        yield return update.Text;
                    }

                    break;
                case ("completions", false):
                    yield return (await client.GetTextCompletionClient(call.Model).CompleteAsync(new TextCompletionRequest(Sentinel.Text))).Text;
                    break;
                case ("completions", true):
                    await foreach (TextCompletion part in client.GetTextCompletionClient(call.Model)
                        .CompleteStreamingAsync(new TextCompletionRequest(Sentinel.Text)))
                    {
                        yield return part.Text;
                    }

                    break;
                case ("embeddings", _):
                    yield return string.Join(' ', (await client.AsIEmbeddingGenerator(call.Model).GenerateAsync([Sentinel.Text])).Single().Vector.ToArray());
                    break;
                case ("transcriptions", false):
                    yield return (await client.AsISpeechToTextClient(call.Model).GetTextAsync(file)).Text;
                    break;
                case ("transcriptions", true):
                    await foreach (SpeechToTextResponseUpdate update in client.AsISpeechToTextClient(call.Model).GetStreamingTextAsync(file))
                    {
                        yield return update.Text;
                    }

                    break;
                case ("documents", _):
                    yield return (await client.Documents.PartitionAsync(file, $"{Sentinel.Text}.pdf")).Text;
                    break;
                default:
                    yield return string.Join(' ', (await client.Models.RefreshAsync()).Select(model => model.Id).Order(StringComparer.Ordinal));
                    break;
            }
        }
    }

    /// <summary>The pipeline of the OpenAI client, as its methods use it: an error status becomes that client's own exception.</summary>
    private sealed class PolicyEntry(PrivatemodeClient client, Uri endpoint) : MatrixEntry
    {
        public override async Task<MatrixReply> CallAsync(MatrixCall call)
        {
            using MemoryStream read = new();
            try
            {
                using PipelineMessage message = client.OpenAI.Pipeline.CreateMessage();
                message.BufferResponse = !call.IsStream;
                message.Request.Method = call.Endpoint == MatrixCall.Models ? "GET" : "POST";
                message.Request.Uri = new Uri(endpoint, call.Path);
                using HttpContent? content = call.NewContent();
                if (content is not null)
                {
                    message.Request.Headers.Set("Content-Type", content.Headers.ContentType!.ToString());
                    message.Request.Content = BinaryContent.Create(BinaryData.FromBytes(await content.ReadAsByteArrayAsync()));
                }

                await client.OpenAI.Pipeline.SendAsync(message);
                if (message.Response!.IsError)
                {
                    throw await ClientResultException.CreateAsync(message.Response);
                }

                await using Stream answer = message.ExtractResponse()!.ContentStream!;
                await answer.CopyToAsync(read);
                return Read(call, TextOf(read));
            }
            catch (Exception exception)
            {
                return Failed(call, TextOf(read), exception);
            }
        }

        public override ValueTask DisposeAsync() => client.DisposeAsync();
    }

    /// <summary>An HTTP client with the message handler.</summary>
    private sealed class HandlerEntry(PrivatemodeClient client, Uri endpoint) : MatrixEntry
    {
        private readonly HttpClient _http = new(client.CreateHandler()) { BaseAddress = endpoint, Timeout = Timeout.InfiniteTimeSpan };

        public override async Task<MatrixReply> CallAsync(MatrixCall call)
        {
            using MemoryStream read = new();
            try
            {
                using HttpRequestMessage request = NewRequest(call);
                using HttpResponseMessage answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
                await (await answer.Content.ReadAsStreamAsync()).CopyToAsync(read);
                return (int)answer.StatusCode < 400
                    ? Read(call, TextOf(read))
                    : new MatrixReply("", false, $"status {(int)answer.StatusCode}", TextOf(read));
            }
            catch (Exception exception)
            {
                return Failed(call, TextOf(read), exception);
            }
        }

        public override ValueTask DisposeAsync()
        {
            _http.Dispose();
            return client.DisposeAsync();
        }
    }

    /// <summary>The proxy, behind a connection of its own.</summary>
    private sealed class ProxyEntry(WebApplication app, HttpClient http, MatrixClock clock) : MatrixEntry
    {
        public static async Task<ProxyEntry> StartAsync(Action<PrivatemodeOptions> configure, MatrixClock clock)
        {
            WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            _ = builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
            _ = builder.Services.AddRoutingCore().AddSingleton<TimeProvider>(clock);
            _ = builder.Services.AddPrivatemodeProxy(_ => { });
            _ = builder.Services.PostConfigureAll(configure);
            WebApplication app = builder.Build();
            _ = app.UseRouting();
            _ = app.MapPrivatemode();
            await app.StartAsync();
            string address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
            return new ProxyEntry(app, new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false })
            {
                BaseAddress = new Uri(address),
                Timeout = Timeout.InfiniteTimeSpan,
            }, clock);
        }

        public override async Task<MatrixReply> CallAsync(MatrixCall call)
        {
            using MemoryStream read = new();
            try
            {
                using HttpRequestMessage request = NewRequest(call);
                using HttpResponseMessage answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
                await ReadAsync(call, await answer.Content.ReadAsStreamAsync(), read);
                string body = TextOf(read);
                return (int)answer.StatusCode < 400 ? Read(call, body) : new MatrixReply("", false, $"{(int)answer.StatusCode} {ErrorOf(body)}", body);
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException)
            {
                // A stream that fails ends with an event that says so, and a connection that is reset: never as if it were whole.
                string body = TextOf(read);
                string? last = ErrorEventOf(call, body);
                return new MatrixReply(
                    call.Read(body).Text, false, last is null ? $"UNTYPED {exception}" : $"event {ErrorOf(last)}", last ?? exception.ToString());
            }
        }

        public override async ValueTask DisposeAsync()
        {
            http.Dispose();
            using CancellationTokenSource now = new();
            await now.CancelAsync();
            _ = await Record.ExceptionAsync(() => app.StopAsync(now.Token));
            await app.DisposeAsync();
        }

        /// <summary>The proxy resets the connection of a stream 100 ms after it has written the error: that is when the caller has read it.</summary>
        private async Task ReadAsync(MatrixCall call, Stream answer, MemoryStream read)
        {
            byte[] buffer = new byte[4096];
            while (true)
            {
                Task<int> reading = answer.ReadAsync(buffer).AsTask();
                while (call.IsStream && !reading.IsCompleted && ErrorEventOf(call, TextOf(read)) is not null)
                {
                    Task next = clock.NextTimer;
                    clock.Pass(TimeSpan.FromMilliseconds(100));
                    _ = await Task.WhenAny(reading, next);
                }

                int count = await reading;
                if (count == 0)
                {
                    return;
                }

                read.Write(buffer, 0, count);
            }
        }

        private static string? ErrorEventOf(MatrixCall call, string body) => MatrixCall.EventsOf(body).LastOrDefault(data => data.Contains(
            call.Endpoint == "responses" ? "\"response.failed\"" : "\"error\"", StringComparison.Ordinal));

        private static string ErrorOf(string json)
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement root = document.RootElement;
            JsonElement error = (root.TryGetProperty("response", out JsonElement response) ? response : root).GetProperty("error");
            string type = error.TryGetProperty("type", out JsonElement text) ? text.GetString()! : "";
            return $"{type} {(error.TryGetProperty("code", out JsonElement code) ? code.GetString() : "")}".Trim();
        }
    }

    private static HttpRequestMessage NewRequest(MatrixCall call) => new(call.Endpoint == MatrixCall.Models ? HttpMethod.Get : HttpMethod.Post, call.Path)
    {
        Content = call.NewContent(),
    };

    private static string TextOf(MemoryStream read) => Encoding.UTF8.GetString(read.GetBuffer(), 0, (int)read.Length);
}
