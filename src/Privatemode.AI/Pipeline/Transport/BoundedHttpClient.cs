using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Pipeline.Transport;

/// <summary>Sends small requests and reads their complete answers, with limits for size and time. It does not interpret them.</summary>
internal sealed class BoundedHttpClient(HttpClient http, TimeProvider time)
{
    /// <summary>How many bytes of an error answer are read.</summary>
    private const int RefusalLimit = 4 * 1024;

    private const int UsualLength = 16 * 1024;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    /// <summary>Sends a request once.</summary>
    /// <param name="request">The request, which is disposed here.</param>
    /// <param name="limit">The maximum size of the answer in bytes.</param>
    /// <param name="purpose">The purpose of the request, for messages: <c>the key exchange</c>.</param>
    /// <exception cref="PrivatemodeServiceException">No complete answer arrived.</exception>
    /// <exception cref="PrivatemodeConfigurationException">The answer is from another address than the requested one.</exception>
    public async ValueTask<HttpAnswer> SendAsync(
        HttpRequestMessage request, int limit, string purpose, bool async, CancellationToken cancellationToken)
    {
        using CallDeadline deadline = new(Timeout, time, async, cancellationToken);
        using (request)
        {
            _ = request.Headers.TryAddWithoutValidation(ProtocolHeaders.UserAgent, ProtocolHeaders.UserAgentValue);
            string host = request.RequestUri!.Host;
            try
            {
                using HttpResponseMessage response = async
                    ? await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, deadline.Token).ConfigureAwait(false)
                    : http.Send(request, HttpCompletionOption.ResponseHeadersRead, deadline.Token);
                bool isWanted = response.StatusCode is HttpStatusCode.OK or HttpStatusCode.NonAuthoritativeInformation;
                byte[]? body = await ReadAsync(response, isWanted ? limit : RefusalLimit, truncate: !isWanted, async, deadline.Token).ConfigureAwait(false);
                if (body is null)
                {
                    throw new PrivatemodeServiceException(
                        ServiceFailureReason.Other, $"The answer of {host} to {purpose} is longer than {limit} bytes. Check the address.")
                    {
                        WasNotSent = true,
                    };
                }

                string? wait = response.Headers.NonValidated.TryGetValues(ProtocolHeaders.RetryAfter, out HeaderStringValues values) ? values.ToString() : null;
                return new HttpAnswer((int)response.StatusCode, response.Headers, body, RetryAfter.Parse(wait, time.GetUtcNow()));
            }
            catch (OperationCanceledException) when (deadline.IsOver)
            {
                throw deadline.ToException($"{host} did not answer {purpose} in time. Retry later.");
            }
            catch (OperationCanceledException exception) when (exception.InnerException is TimeoutException)
            {
                // The HTTP client reports in this way that a connection could not be opened in time.
                throw Unreachable(host, purpose, exception);
            }
            catch (HttpRequestException exception) when (exception.InnerException is PrivatemodeException own)
            {
                // Thrown by this library's own connect callback.
                throw own;
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException)
            {
                throw Unreachable(host, purpose, exception);
            }
        }
    }

    private static PrivatemodeServiceException Unreachable(string host, string purpose, Exception exception) =>
        UnreadableAnswer.Is(exception as HttpRequestException)
        ? new(ServiceFailureReason.Other, $"The answer of {host} to {purpose} {UnreadableAnswer.Advice}", exception) { WasNotSent = true }
        : new(ServiceFailureReason.Unreachable, $"{host} could not be reached for {purpose}. Check the network, then retry.", exception) { WasNotSent = true };

    /// <summary>Reads the body; null if it is longer than the limit.</summary>
    private static async ValueTask<byte[]?> ReadAsync(
        HttpResponseMessage response, int limit, bool truncate, bool async, CancellationToken cancellationToken)
    {
        Stream stream = async
            ? await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false)
            : response.Content.ReadAsStream(cancellationToken);

        // A handler of the application may answer with a stream that ignores cancellation.
        using CancellationTokenRegistration closing = cancellationToken.Register(static state => ((Stream)state!).Dispose(), stream);

        // One more than the stated length: the read that finds the end needs a buffer too.
        ArrayBufferWriter<byte> body = new((int)Math.Min(response.Content.Headers.ContentLength ?? UsualLength, limit - 1) + 1);
        try
        {
            bool isWhole = await BoundedReader.TryReadAsync(stream, body, limit, async, cancellationToken).ConfigureAwait(false);
            return isWhole || truncate ? body.WrittenSpan.ToArray() : null;
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // Thrown by a read whose stream was closed meanwhile.
            cancellationToken.ThrowIfCancellationRequested();
            throw;
        }
    }
}

/// <summary>A complete answer to a request without content; if the status is not 200, only the beginning of the body.</summary>
internal sealed record HttpAnswer(int Status, HttpResponseHeaders Headers, byte[] Body, TimeSpan? RetryAfter);

/// <summary>Sends the requests to the gateway that have no user content: attestation and secret exchange. Redirects are not followed.</summary>
internal sealed class ControlPlaneClient(BoundedHttpClient http, Uri service, string protocolVersion, string key = ApiKeyErrors.AnyKey)
{
    /// <summary>Posts JSON once and returns a 200 answer.</summary>
    /// <param name="limit">The maximum size of the answer in bytes.</param>
    /// <param name="purpose">The purpose of the request, for messages: <c>the key exchange</c>.</param>
    /// <exception cref="PrivatemodeConfigurationException">The service rejects the API key (401).</exception>
    /// <exception cref="PrivatemodeServiceException">The answer is not a complete one with status 200.</exception>
    public async ValueTask<HttpAnswer> PostAsync(
        string path, ReadOnlyMemory<byte> body, string apiKey, int limit, string purpose, bool async, CancellationToken cancellationToken)
    {
        HttpRequestMessage request = new(HttpMethod.Post, new Uri(service, path)) { Content = new ReadOnlyMemoryContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        _ = request.Headers.TryAddWithoutValidation(ProtocolHeaders.Authorization, "Bearer " + apiKey);
        _ = request.Headers.TryAddWithoutValidation(ProtocolHeaders.Version, protocolVersion);
        _ = request.Headers.TryAddWithoutValidation(ProtocolHeaders.Client, ProtocolHeaders.ClientValue);
        HttpAnswer answer = await http.SendAsync(request, limit, purpose, async, cancellationToken).ConfigureAwait(false);
        return answer.Status == 200 ? answer : throw Refusal(answer, purpose);
    }

    private PrivatemodeException Refusal(HttpAnswer answer, string purpose)
    {
        int status = answer.Status;
        string text = Encoding.UTF8.GetString(answer.Body);
        if (status == 401)
        {
            return ApiKeyErrors.Rejected(key);
        }

        // The words were reported by third parties; the gateway's source is not public.
        bool speaksOfVersion = status < 500 && text.Contains("client version", StringComparison.OrdinalIgnoreCase);
        (ServiceFailureReason reason, string advice) = status switch
        {
            _ when speaksOfVersion || status == 426 => (ServiceFailureReason.ClientTooOld, $"it requires a newer client. {ClientTooOldAdvice.Advice}"),
            429 => (ServiceFailureReason.RateLimited, "too many requests. Wait, then retry."),
            408 or >= 500 => (ServiceFailureReason.Unavailable, "it is overloaded or restarting. Retry later."),
            402 or 403 => (ServiceFailureReason.Other, ApiKeyErrors.NotAllowed(key)),
            _ => (ServiceFailureReason.Other, "see ServerMessage. Check Endpoint and update this package."),
        };
        return new PrivatemodeServiceException(reason, $"The service refused {purpose} with status {status}: {advice}")
        {
            Status = status,
            IsApiKeyError = status is 400 or 402 or 403 or 429 && reason != ServiceFailureReason.ClientTooOld,
            ServerMessage = text.Length == 0 ? null : PrintableText.Printable(text),
            RetryAfter = answer.RetryAfter,
            WasNotSent = true,
        };
    }
}
