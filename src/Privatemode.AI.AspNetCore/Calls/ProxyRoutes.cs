using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Privatemode.AI.AspNetCore.Errors;
using Privatemode.AI.AspNetCore.Gate;
using Privatemode.AI.AspNetCore.Models;

namespace Privatemode.AI.AspNetCore.Calls;

/// <summary>What is done with the body of a request.</summary>
internal enum ProxyOperation
{
    /// <summary>Chats, completions and embeddings.</summary>
    Chat,
    Responses,
    Messages,

    /// <summary>Counting tokens. The proxy computes the answer from the body, and sends nothing.</summary>
    CountTokens,
    Transcription,
    Document,
}

/// <summary>A route whose requests are sent to the service.</summary>
/// <param name="Path">The path, which is the same in the proxy and in the service.</param>
internal sealed record ProxyRoute(string Path, ProxyDialect Dialect, ProxyOperation Operation)
{
    /// <summary>The address at the service. It is constant: nothing of the caller's URL is used.</summary>
    public Uri Uri { get; } = new(Path, UriKind.Relative);

    public bool IsForm => Operation is ProxyOperation.Transcription or ProxyOperation.Document;

    /// <summary>Whether the body can be edited. The original and the edited body are then in memory at the same time for a moment.</summary>
    public bool IsEdited => Operation is not ProxyOperation.Document;

    /// <summary>Returns the maximum size of the body, in bytes.</summary>
    public long LimitOf(PrivatemodeProxyOptions options) => Operation switch
    {
        ProxyOperation.Transcription => options.MaxTranscriptionBytes,
        ProxyOperation.Document => options.MaxDocumentBytes,
        _ => options.MaxRequestBodyBytes,
    };
}

/// <summary>All routes of the proxy.</summary>
internal static class ProxyRoutes
{
    private const string ResponsesPath = "/v1/responses";
    private const string MessagesPath = "/v1/messages";

    /// <summary>The name, in logs and metrics, of the route of all paths without an endpoint.</summary>
    private const string Other = "other";

    private static readonly string[] Get = ["GET", "HEAD"];
    private static readonly string[] AnyMethod = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

    /// <summary>The routes with a request body, which is forwarded to the service or, to count tokens, evaluated by the proxy itself.</summary>
    public static IReadOnlyList<ProxyRoute> Calls { get; } =
    [
        new("/v1/chat/completions", ProxyDialect.OpenAI, ProxyOperation.Chat),
        new("/v1/completions", ProxyDialect.OpenAI, ProxyOperation.Chat),
        new("/v1/embeddings", ProxyDialect.OpenAI, ProxyOperation.Chat),
        new("/v1/audio/transcriptions", ProxyDialect.OpenAI, ProxyOperation.Transcription),
        new("/unstructured/general/v0/general", ProxyDialect.OpenAI, ProxyOperation.Document),
        new(ResponsesPath, ProxyDialect.Responses, ProxyOperation.Responses),
        new(MessagesPath, ProxyDialect.Anthropic, ProxyOperation.Messages),
        new(MessagesPath + "/count_tokens", ProxyDialect.Anthropic, ProxyOperation.CountTokens),
    ];

    /// <summary>Maps all routes below the prefix.</summary>
    public static IEndpointConventionBuilder Map(IEndpointRouteBuilder endpoints, string prefix, ProxyEndpoint proxy)
    {
        RouteGroupBuilder group = endpoints.MapGroup(prefix);
        foreach (ProxyRoute route in Calls)
        {
            _ = group.MapPost(route.Path, context => proxy.RunAsync(context, route));
        }

        MapStatus(group, proxy);

        // CONNECT begins a WebSocket over HTTP/2. The gate refuses it with status 426, after which Codex immediately uses plain HTTP requests.
        _ = group.MapMethods(ResponsesPath, ["GET", "CONNECT"], proxy.Guard(ResponsesPath, ProxyDialect.Responses, GateNeeds.Key, RefuseStored));
        _ = group.MapMethods(
            ResponsesPath + "/{**rest}", ["GET", "POST", "DELETE"], proxy.Guard(Other, ProxyDialect.Responses, GateNeeds.Key, RefuseStored));
        _ = group.MapMethods("/v1/audio/translations", ["POST"], proxy.Guard(Other, ProxyDialect.OpenAI, GateNeeds.Key, RefuseTranslation));
        _ = group.MapMethods("/v1/{**rest}", AnyMethod, proxy.Guard(Other, DialectOf, KeyUnlessHead, RefuseUnknown));
        return group;
    }

    private static void MapStatus(RouteGroupBuilder group, ProxyEndpoint proxy)
    {
        _ = group.MapMethods("/", ["HEAD"], proxy.Guard("/", ProxyDialect.OpenAI, GateNeeds.NoKey, static (_, _) => Task.CompletedTask));
        _ = group.MapMethods("/healthz", Get, proxy.Guard("/healthz", ProxyDialect.OpenAI, GateNeeds.Health, proxy.Health.HealthAsync));
        _ = group.MapMethods("/readyz", Get, proxy.Guard("/readyz", ProxyDialect.OpenAI, GateNeeds.Health, proxy.Health.ReadyAsync));
        MapGet("/v1/models", ModelLists.DialectOf, proxy.Models.ListAsync);
        MapGet("/v1/models/{**id}", ModelLists.DialectOf, proxy.Models.OneAsync);
        MapGet("/verification", static _ => ProxyDialect.OpenAI, proxy.Verification.AnswerAsync);
        MapGet("/verification.json", static _ => ProxyDialect.OpenAI, proxy.Verification.AnswerAsync);

        void MapGet(string pattern, Func<HttpRequest, ProxyDialect> dialect, Func<HttpContext, ProxyCaller, Task> answer) => _ = group.MapMethods(
            pattern, Get, proxy.Guard(pattern.Replace("**", "", StringComparison.Ordinal), dialect, KeyUnlessHead, answer));
    }

    private static ProxyDialect DialectOf(HttpRequest request) =>
        Rest(request).StartsWith("messages", StringComparison.Ordinal) ? ProxyDialect.Anthropic : ProxyDialect.OpenAI;

    private static GateNeeds KeyUnlessHead(HttpRequest request) => HttpMethods.IsHead(request.Method) ? GateNeeds.NoKey : GateNeeds.Key;

    private static Task RefuseStored(HttpContext context, ProxyCaller caller) => throw new ProxyRefusalException(ProxyError.NotFound(
        "Responses are not stored. Send the whole conversation with POST /v1/responses.", "unsupported_endpoint"));

    private static Task RefuseTranslation(HttpContext context, ProxyCaller caller) => throw new ProxyRefusalException(ProxyError.NotFound(
        "The service removed translations in version 1.33. Send the recording to /v1/audio/transcriptions and translate the text with a chat.",
        "unsupported_endpoint"));

    private static Task RefuseUnknown(HttpContext context, ProxyCaller caller)
    {
        string path = "/v1/" + Rest(context.Request).TrimEnd('/');
        bool isPost = Calls.Any(route => route.Path == path);
        if (isPost || path == "/v1/models" || path.StartsWith("/v1/models/", StringComparison.Ordinal))
        {
            string allowed = isPost ? "POST" : "GET, HEAD";
            context.Items[ProxyEndpoint.AllowItem] = allowed;
            throw new ProxyRefusalException(ProxyError.MethodNotAllowed($"This endpoint accepts {allowed}."));
        }

        throw new ProxyRefusalException(ProxyError.NotFound(
            $"This proxy does not have this endpoint. It has {string.Join(", ", Calls.Select(route => route.Path))} and /v1/models."));
    }

    /// <summary>Returns the part of the path after <c>/v1/</c>.</summary>
    private static string Rest(HttpRequest request) => request.RouteValues["rest"] as string ?? "";
}
