using System.Net;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Pipeline.Transport;

/// <summary>Sends small requests and reads their answers whole, bounded in size and time. Decides nothing about them.</summary>
internal sealed class BoundedHttp(HttpClient http, TimeProvider time)
{
    /// <summary>How much of a refusal is read, in bytes.</summary>
    private const int RefusalLimit = 4 * 1024;

    // A buffer that doubles would take up to three times the bytes in it.
    private const int PieceSize = 16 * 1024;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    /// <summary>Sends a request once.</summary>
    /// <param name="request">Disposed here.</param>
    /// <param name="limit">Largest answer accepted, in bytes.</param>
    /// <param name="purpose">What is being done, for messages: <c>the key exchange</c>.</param>
    /// <param name="async">False when the caller is synchronous.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="PrivatemodeServiceException">No whole answer came.</exception>
    /// <exception cref="PrivatemodeConfigurationException">The answer is from another address than was asked.</exception>
    public async ValueTask<HttpAnswer> SendAsync(
        HttpRequestMessage request, int limit, string purpose, bool async, CancellationToken cancellationToken)
    {
        using CallTimeout deadline = new(Timeout, time, async);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        using (request)
        {
            _ = request.Headers.TryAddWithoutValidation(ProtocolHeaders.UserAgent, ProtocolHeaders.UserAgentValue);
            Uri asked = request.RequestUri!;
            string host = asked.Host;
            try
            {
                using HttpResponseMessage response = async
                    ? await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token).ConfigureAwait(false)
                    : http.Send(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
                DemandSameAddress(asked, request, response);
                bool isWanted = response.StatusCode is HttpStatusCode.OK or HttpStatusCode.NonAuthoritativeInformation;
                byte[]? body = await ReadAsync(response, isWanted ? limit : RefusalLimit, truncate: !isWanted, async, either.Token).ConfigureAwait(false);
                return new HttpAnswer((int)response.StatusCode, response.Headers, body ?? throw new PrivatemodeServiceException(
                    ServiceFailureReason.Other, $"The answer of {host} to {purpose} is longer than {limit} bytes. Check the address it came from."));
            }
            catch (OperationCanceledException) when (deadline.HasPassed && !cancellationToken.IsCancellationRequested)
            {
                throw new PrivatemodeServiceException(
                    ServiceFailureReason.Timeout, $"{host} did not answer {purpose} in time. Retry later.");
            }
            catch (OperationCanceledException exception) when (exception.InnerException is TimeoutException && !cancellationToken.IsCancellationRequested)
            {
                // How the HTTP client says that no connection could be made in time.
                throw Unreachable(host, purpose, exception);
            }
            catch (HttpRequestException exception) when (exception.InnerException is PrivatemodeException own)
            {
                // Thrown by our own connect callback.
                throw own;
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException)
            {
                throw Unreachable(host, purpose, exception);
            }
        }
    }

    /// <summary>A handler of the user's may have followed a redirect all the same: who answers then is not who was asked.</summary>
    private static void DemandSameAddress(Uri asked, HttpRequestMessage request, HttpResponseMessage response)
    {
        // The platform's handlers write the new address into the request; others may answer with a request of their own.
        if (request.RequestUri != asked || (response.RequestMessage?.RequestUri is { } answered && answered != asked))
        {
            throw new PrivatemodeConfigurationException(
                OptionNames.HttpMessageHandler,
                    "The message handler followed a redirect or changed an address. Use one that does not (AllowAutoRedirect = false).");
        }
    }

    private static PrivatemodeServiceException Unreachable(string host, string purpose, Exception exception) =>
        UnreadableAnswer.Is(exception as HttpRequestException)
        ? new(ServiceFailureReason.Other, $"The answer of {host} to {purpose} {UnreadableAnswer.Advice}", exception)
        : new(ServiceFailureReason.Unreachable, $"{host} could not be reached for {purpose}. Check the network, then retry.", exception);

    /// <summary>The body; null when it is longer than the limit.</summary>
    private static async ValueTask<byte[]?> ReadAsync(
        HttpResponseMessage response, int limit, bool truncate, bool async, CancellationToken cancellationToken)
    {
        Stream stream = async
            ? await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false)
            : response.Content.ReadAsStream(cancellationToken);

        // A synchronous read cannot be cancelled but by closing what it reads from.
        using CancellationTokenRegistration closing = cancellationToken.Register(static state => ((Stream)state!).Dispose(), stream);
        List<byte[]> pieces = [];
        int length = 0;
        try
        {
            while (true)
            {
                if (length == pieces.Count * PieceSize)
                {
                    pieces.Add(new byte[PieceSize]);
                }

                Memory<byte> free = pieces[^1].AsMemory(length % PieceSize);
                int read = async ? await stream.ReadAsync(free, cancellationToken).ConfigureAwait(false) : stream.Read(free.Span);
                cancellationToken.ThrowIfCancellationRequested();
                length += read;
                if (read == 0 || length > limit)
                {
                    return length <= limit || truncate ? Concat(pieces, Math.Min(length, limit)) : null;
                }
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // What a read throws when its stream was closed under it, see above.
            cancellationToken.ThrowIfCancellationRequested();
            throw;
        }
    }

    private static byte[] Concat(List<byte[]> pieces, int length)
    {
        byte[] whole = new byte[length];
        for (int at = 0; at < length; at += PieceSize)
        {
            pieces[at / PieceSize].AsSpan(0, Math.Min(PieceSize, length - at)).CopyTo(whole.AsSpan(at));
        }

        return whole;
    }
}
