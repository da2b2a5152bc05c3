using System.Net;
using System.Text;

namespace Privatemode.AI.Endpoints;

/// <summary>Calls to the gateway that carry no content: attestation and secret exchange. Bounded in size and time, no redirects.</summary>
internal sealed class ControlPlaneClient(HttpClient http, Uri service, string protocolVersion, TimeProvider time)
{
    /// <summary>How much of a refusal is read, in bytes.</summary>
    private const int RefusalLimit = 4 * 1024;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromSeconds(60);

    public Uri AddressOf(string path) => new(service, path);

    /// <summary>Sends a request and returns the body of a 200 answer.</summary>
    /// <param name="request">Disposed here.</param>
    /// <param name="apiKey">Goes into the Authorization header.</param>
    /// <param name="limit">Largest answer accepted, in bytes.</param>
    /// <param name="async">False when the caller is synchronous.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="PrivatemodeConfigurationException">The service rejects the API key (401).</exception>
    /// <exception cref="PrivatemodeServiceException">Anything else than a complete 200 answer.</exception>
    public async ValueTask<byte[]> SendAsync(HttpRequestMessage request, string apiKey, int limit, bool async, CancellationToken cancellationToken)
    {
        using CancellationTokenSource deadline = new(Timeout, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        using (request)
        {
            AddHeaders(request, apiKey);
            try
            {
                using HttpResponseMessage response = async
                    ? await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token).ConfigureAwait(false)
                    : http.Send(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
                if (response.StatusCode != HttpStatusCode.OK)
                {
                    byte[] text = await ReadAsync(response, RefusalLimit, truncate: true, async, either.Token).ConfigureAwait(false);
                    throw Refusal(response, Encoding.UTF8.GetString(text));
                }

                return await ReadAsync(response, limit, truncate: false, async, either.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                throw new PrivatemodeServiceException(
                    PrivatemodeServiceFailure.Timeout, "The service did not answer the key exchange in time. Retry later.");
            }
            catch (HttpRequestException exception) when (exception.InnerException is PrivatemodeException own)
            {
                // Thrown by our own connect callback.
                throw own;
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException)
            {
                throw new PrivatemodeServiceException(
                    PrivatemodeServiceFailure.Unreachable,
                        "The service could not be reached for the key exchange. Check the network, then retry.", exception);
            }
        }
    }

    private void AddHeaders(HttpRequestMessage request, string apiKey)
    {
        _ = request.Headers.TryAddWithoutValidation(ProtocolHeaders.Authorization, "Bearer " + apiKey);
        _ = request.Headers.TryAddWithoutValidation(ProtocolHeaders.Version, protocolVersion);
        _ = request.Headers.TryAddWithoutValidation(ProtocolHeaders.Client, ProtocolHeaders.ClientValue);
        _ = request.Headers.TryAddWithoutValidation(ProtocolHeaders.UserAgent, ProtocolHeaders.UserAgentValue);
    }

    private PrivatemodeException Refusal(HttpResponseMessage response, string text)
    {
        int status = (int)response.StatusCode;
        if (status == 401)
        {
            return new PrivatemodeConfigurationException(nameof(PrivatemodeOptions.ApiKey), "The service rejects the API key. Set a valid one.");
        }

        // Third parties report the words; the gateway's source is not public.
        bool speaksOfVersion = status < 500 && text.Contains("client version", StringComparison.OrdinalIgnoreCase);
        (PrivatemodeServiceFailure reason, string advice) = status switch
        {
            426 => (PrivatemodeServiceFailure.ClientTooOld, "it needs a newer client. Update this package."),
            _ when speaksOfVersion => (PrivatemodeServiceFailure.ClientTooOld, "it needs a newer client. Update this package."),
            429 => (PrivatemodeServiceFailure.RateLimited, "too many requests. Wait, then retry."),
            408 or >= 500 => (PrivatemodeServiceFailure.Unavailable, "it is overloaded or restarting. Retry later."),
            _ => (PrivatemodeServiceFailure.Other, "see ServerMessage. Check Endpoint and update this package."),
        };
        return new PrivatemodeServiceException(reason, $"The service refused the key exchange with status {status}: {advice}")
        {
            Status = status,
            ServerMessage = text.Length == 0 ? null : text,
            RetryAfter = RetryAfter(response),
        };
    }

    /// <summary>Capped, because anybody on the path can write it.</summary>
    private TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        TimeSpan? wait = response.Headers.RetryAfter is not { } header ? null : header.Delta ?? header.Date - time.GetUtcNow();
        return wait is null ? null : wait < TimeSpan.Zero ? TimeSpan.Zero : wait > LongestRetryAfter ? LongestRetryAfter : wait;
    }

    private static async ValueTask<byte[]> ReadAsync(
        HttpResponseMessage response, int limit, bool truncate, bool async, CancellationToken cancellationToken)
    {
        Stream stream = async
            ? await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false)
            : response.Content.ReadAsStream(cancellationToken);

        // A synchronous read cannot be cancelled but by closing what it reads from.
        using CancellationTokenRegistration closing = cancellationToken.Register(static state => ((Stream)state!).Dispose(), stream);
        byte[] buffer = new byte[limit + 1];
        int length;
        try
        {
            length = async
                ? await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false)
                : stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        }
        catch (ObjectDisposedException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw;
        }

        cancellationToken.ThrowIfCancellationRequested();
        return length <= limit || truncate
            ? buffer[..Math.Min(length, limit)]
            : throw new PrivatemodeServiceException(
                PrivatemodeServiceFailure.Other, $"The service's answer to the key exchange is longer than {limit} bytes. Check Endpoint.");
    }
}
