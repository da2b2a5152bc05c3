using Privatemode.AI.Completions;

namespace Privatemode.AI;

/// <summary>A client of the completions endpoint, for plain text continuation and for filling gaps in code.</summary>
/// <remarks>Sealed like chat. Thread-safe. Lives as long as the <see cref="PrivatemodeClient"/> it comes from.</remarks>
public sealed class TextCompletionClient
{
    private readonly CompletionCalls _calls;

    internal TextCompletionClient(CompletionCalls calls, string modelId)
    {
        _calls = calls;
        ModelId = modelId;
    }

    /// <summary>The model used when a request names none.</summary>
    public string ModelId { get; }

    /// <summary>Asks for the whole answer.</summary>
    /// <param name="request">What to ask.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="PrivatemodeRequestException">An additional property cannot be posted, or an option is not a number.</exception>
    /// <exception cref="PrivatemodeConfigurationException">The service rejects the API key.</exception>
    /// <exception cref="PrivatemodeServiceException">The service refused, failed, or broke the answer off.</exception>
    /// <exception cref="PrivatemodeIntegrityException">The answer was altered, cut or not sealed.</exception>
    /// <exception cref="PrivatemodeVerificationException">The deployment did not prove itself; no content was sent to it.</exception>
    /// <exception cref="PrivatemodeWouldLeakException">Something of the request would have travelled in the clear.</exception>
    public Task<TextCompletion> CompleteAsync(TextCompletionRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return _calls.CompleteAsync(CompletionRequestWriter.Write(request, ModelId, stream: false), cancellationToken);
    }

    /// <summary>Asks for the answer as it is being written.</summary>
    /// <param name="request">What to ask.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The events. The call is made when they are enumerated. The answer is whole only when they end without an exception.</returns>
    /// <exception cref="PrivatemodeRequestException">An additional property cannot be posted, or an option is not a number.</exception>
    /// <exception cref="PrivatemodeConfigurationException">The service rejects the API key.</exception>
    /// <exception cref="PrivatemodeServiceException">The service refused, failed, or broke the answer off.</exception>
    /// <exception cref="PrivatemodeIntegrityException">The answer was altered, cut or not sealed; what came before is authentic.</exception>
    /// <exception cref="PrivatemodeVerificationException">The deployment did not prove itself; no content was sent to it.</exception>
    /// <exception cref="PrivatemodeWouldLeakException">Something of the request would have travelled in the clear.</exception>
    public IAsyncEnumerable<TextCompletion> CompleteStreamingAsync(
        TextCompletionRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return _calls.StreamAsync(CompletionRequestWriter.Write(request, ModelId, stream: true), cancellationToken);
    }
}
