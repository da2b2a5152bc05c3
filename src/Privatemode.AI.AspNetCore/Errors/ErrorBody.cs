using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Privatemode.AI.AspNetCore.Errors;

/// <summary>Writes errors in the form of the caller's API: as an answer, or as an event of a stream that has begun.</summary>
internal static class ErrorBody
{
    /// <summary>The header in which the SDKs of OpenAI and Anthropic read whether to retry.</summary>
    public const string ShouldRetryHeader = "x-should-retry";

    // The library's handler sets it for each error answer, under the same name (ServiceErrors.Option).
    private static readonly HttpRequestOptionsKey<PrivatemodeException> Failure = new("Privatemode.AI.ServiceError");

    private const int Overloaded = 529;
    private static readonly JsonWriterOptions Writer = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Returns the status of the answer.</summary>
    public static int StatusOf(ProxyError error, ProxyDialect dialect) => dialect == ProxyDialect.Anthropic ? error.AnthropicStatus : error.Status;

    /// <summary>Returns a time in whole seconds, at least one, as in <c>Retry-After</c>.</summary>
    public static string Seconds(TimeSpan wait) => Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);

    /// <summary>Writes the error as the answer. The answer must not have started.</summary>
    /// <param name="context">The request.</param>
    /// <param name="error">The error.</param>
    /// <param name="dialect">The API of the caller.</param>
    /// <param name="requestId">The request ID in the answer.</param>
    public static async Task WriteAsync(HttpContext context, ProxyError error, ProxyDialect dialect, string requestId)
    {
        if (error.Delay > TimeSpan.Zero)
        {
            await Task.Delay(error.Delay, context.RequestServices.GetRequiredService<TimeProvider>(), context.RequestAborted).ConfigureAwait(false);
        }

        HttpResponse response = context.Response;
        response.Clear();
        response.StatusCode = StatusOf(error, dialect);
        if (response.StatusCode == Overloaded && context.Features.Get<IHttpResponseFeature>() is { } feature)
        {
            feature.ReasonPhrase = "Overloaded"; // the framework has no phrase for this status
        }

        SetHeaders(context, error, dialect, requestId);
        if (response.StatusCode == StatusCodes.Status426UpgradeRequired || HttpMethods.IsHead(context.Request.Method))
        {
            return;
        }

        ArrayBufferWriter<byte> body = new();
        Write(error, dialect, requestId, body);
        response.ContentType = "application/json";
        response.ContentLength = body.WrittenCount;
        await response.Body.WriteAsync(body.WrittenMemory, context.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>Returns the error in an answer of the service with a status of 400 or more.</summary>
    /// <param name="answer">The answer of the library's handler.</param>
    /// <param name="isCallersApiKey">Whether the API key of the service comes from the caller.</param>
    /// <param name="cancellationToken">A token that cancels reading.</param>
    public static async ValueTask<ProxyError> FromAnswerAsync(HttpResponseMessage answer, bool isCallersApiKey, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ServiceErrorAnswer.MaxBytes);
        try
        {
            Stream body = await answer.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            int length = await body.ReadAtLeastAsync(
                buffer.AsMemory(0, ServiceErrorAnswer.MaxBytes), ServiceErrorAnswer.MaxBytes, throwOnEndOfStream: false, cancellationToken)
                .ConfigureAwait(false);
            bool isAuthenticated = answer.Headers.TryGetValues(PrivatemodeHttpMessageHandler.AuthenticatedHeaderName, out IEnumerable<string>? values)
                && values.SequenceEqual(["true"]);
            return ProxyError.From(
                ServiceErrorAnswer.Read((int)answer.StatusCode, buffer.AsSpan(0, length), isAuthenticated, answer.Headers.RetryAfter?.Delta),
                isCallersApiKey,
                answer.RequestMessage!.Options.TryGetValue(Failure, out PrivatemodeException? failure) ? failure as PrivatemodeServiceException : null);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true); // it may quote the prompt
        }
    }

    /// <summary>Writes the object that describes the error.</summary>
    public static void Write(ProxyError error, ProxyDialect dialect, string requestId, IBufferWriter<byte> target)
    {
        using Utf8JsonWriter json = new(target, Writer);
        json.WriteStartObject();
        if (dialect == ProxyDialect.Anthropic)
        {
            json.WriteString("type", "error");
            json.WriteStartObject("error");
            json.WriteString("type", error.AnthropicType);
            json.WriteString("message", error.Message);
            json.WriteEndObject();
            json.WriteString("request_id", requestId);
        }
        else
        {
            json.WriteStartObject("error");
            json.WriteString("message", error.Message);
            json.WriteString("type", error.Type);
            json.WriteString("param", error.Param);
            json.WriteString("code", error.Code);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    /// <summary>Writes the error as the last event of a stream. Nothing marks the stream as complete after it.</summary>
    public static void WriteEvent(ProxyError error, ProxyDialect dialect, string requestId, IBufferWriter<byte> target)
    {
        target.Write(dialect == ProxyDialect.Anthropic ? "event: error\ndata: "u8 : "data: "u8);
        Write(error, dialect, requestId, target);
        target.Write("\n\n"u8);
    }

    private static void SetHeaders(HttpContext context, ProxyError error, ProxyDialect dialect, string requestId)
    {
        IHeaderDictionary headers = context.Response.Headers;
        headers["x-request-id"] = requestId;
        headers.CacheControl = "no-store";
        headers.XContentTypeOptions = "nosniff";
        if (dialect == ProxyDialect.Anthropic)
        {
            headers["request-id"] = requestId;
        }
        else if (context.Response.StatusCode == StatusCodes.Status401Unauthorized)
        {
            headers.WWWAuthenticate = "Bearer";
        }

        if (error.RetryAfter is { } wait)
        {
            headers.RetryAfter = Seconds(wait);
        }

        if (error.ShouldRetry is { } retry)
        {
            headers[ShouldRetryHeader] = retry ? "true" : "false";
        }

        // Connection-specific headers do not exist in HTTP/2.
        if (context.Response.StatusCode == StatusCodes.Status426UpgradeRequired && HttpProtocol.IsHttp11(context.Request.Protocol))
        {
            headers.Upgrade = "HTTP/1.1";
        }
    }
}
