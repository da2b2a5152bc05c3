using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Privatemode.AI.Testing;

namespace Privatemode.AI.Tests.Fakes;

/// <summary>Privatemode's proxy as its users see it: an OpenAI-compatible server on loopback that takes plaintext, and verifies and encrypts for the
/// deployment behind it.</summary>
internal sealed class FakeLocalProxy : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly PrivatemodeTestDeployment _deployment;
    private readonly PrivatemodeClient _verifying;
    private readonly HttpClient _http;

    private FakeLocalProxy(WebApplication app, PrivatemodeTestDeployment deployment)
    {
        (_app, _deployment) = (app, deployment);
        _verifying = deployment.CreateClient();
        _http = new HttpClient(_verifying.CreateHandler()) { BaseAddress = deployment.Endpoint };
    }

    public Uri Address => new(_app.Urls.First());

    public ScriptedModel Model => _deployment.Model;

    /// <summary>What the deployment behind the proxy was sent.</summary>
    public IReadOnlyList<RecordedRequest> Encrypted => _deployment.Requests;

    /// <summary>All requests of clients, as they came.</summary>
    public ConcurrentQueue<Received> Requests { get; } = [];

    public Received Last => Requests.Last();

    /// <summary>Answers requests in place of the proxy; says whether it did.</summary>
    public Func<HttpContext, Task<bool>> Intercept { get; set; } = _ => Task.FromResult(false);

    public static async Task<FakeLocalProxy> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        WebApplication app = builder.Build();
        FakeLocalProxy proxy = new(app, await PrivatemodeTestDeployment.StartAsync());
        app.Run(proxy.HandleAsync);
        await app.StartAsync();
        return proxy;
    }

    /// <summary>A client that sends to this proxy.</summary>
    public PrivatemodeClient CreateClient(Action<PrivatemodeOptions>? configure = null)
    {
        PrivatemodeOptions options = new();
        options.Transport.UseDangerousUnverifiedLocalProxy(Address);
        configure?.Invoke(options);
        return new PrivatemodeClient(options);
    }

    /// <summary>Has the next request answered with this text.</summary>
    public void AnswerOnce(int status, string body, string contentType = "application/json", params (string Name, string Value)[] headers)
    {
        int left = 1;
        Intercept = async context =>
        {
            if (Interlocked.Decrement(ref left) < 0)
            {
                return false;
            }

            context.Response.StatusCode = status;
            context.Response.ContentType = contentType;
            foreach ((string name, string value) in headers)
            {
                context.Response.Headers[name] = value;
            }

            await context.Response.WriteAsync(body);
            return true;
        };
    }

    /// <summary>Ends the connections of so many requests without an answer.</summary>
    public void AbortFirst(int count) => Intercept = context =>
    {
        bool isAborted = Interlocked.Decrement(ref count) >= 0;
        if (isAborted)
        {
            context.Abort();
        }

        return Task.FromResult(isAborted);
    };

    /// <summary>Has the next requests answered with these JSON texts.</summary>
    public void AnswerInTurn(params (int Status, string Body)[] answers)
    {
        ConcurrentQueue<(int Status, string Body)> left = new(answers);
        Intercept = async context =>
        {
            if (!left.TryDequeue(out (int Status, string Body) answer))
            {
                return false;
            }

            context.Response.StatusCode = answer.Status;
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(answer.Body);
            return true;
        };
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _http.Dispose();
        await _verifying.DisposeAsync();
        await _deployment.DisposeAsync();
    }

    private async Task HandleAsync(HttpContext context)
    {
        using MemoryStream body = new();
        await context.Request.Body.CopyToAsync(body);
        Requests.Enqueue(new Received(
            context.Request.Path + context.Request.QueryString,
            context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase),
            body.ToArray()));
        if (await Intercept(context))
        {
            return;
        }

        using HttpRequestMessage request = new(new HttpMethod(context.Request.Method), new Uri(context.Request.Path, UriKind.Relative));
        if (context.Request.ContentType is { } type)
        {
            request.Content = new ByteArrayContent(body.ToArray());
            request.Content.Headers.Add("Content-Type", type);
        }

        using HttpResponseMessage answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
        context.Response.StatusCode = (int)answer.StatusCode;
        context.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
        await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    /// <summary>One request of a client.</summary>
    internal sealed record Received(string PathAndQuery, IReadOnlyDictionary<string, string> Headers, byte[] Body)
    {
        public string Text => Encoding.UTF8.GetString(Body);
    }
}
