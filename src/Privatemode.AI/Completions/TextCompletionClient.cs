using Privatemode.AI.Completions;
using Privatemode.AI.Internal;

namespace Privatemode.AI;

/// <summary>Represents a client of the completions endpoint, which continues plain text and fills gaps in code.</summary>
/// <remarks>
/// <para>Requests and completions are encrypted as in chats. The client is thread-safe and can be used until the
/// <see cref="PrivatemodeClient"/> that created it is disposed.</para>
/// <para>To replace the client in tests, derive from this class and override its members. A derived class never sends anything.</para>
/// </remarks>
public class TextCompletionClient
{
    private readonly CompletionCalls? _calls;
    private readonly string? _modelId;

    /// <summary>Initializes a new instance of the <see cref="TextCompletionClient"/> class for mocking.</summary>
    /// <remarks>Members that the derived class does not override throw a <see cref="NotSupportedException"/>.</remarks>
    protected TextCompletionClient()
    {
    }

    internal TextCompletionClient(CompletionCalls calls, string modelId) => (_calls, _modelId) = (calls, modelId);

    /// <summary>Gets the ID of the model that answers requests without a <see cref="TextCompletionRequest.ModelId"/>.</summary>
    public virtual string ModelId => _modelId ?? throw ClientMembers.IsNotOverridden(this, nameof(ModelId));

    /// <summary>Completes the prompts of a request and returns the complete result.</summary>
    /// <param name="request">The prompts and the options.</param>
    /// <param name="cancellationToken">A token that cancels the operation.</param>
    /// <returns>The completion.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="request"/> is <see langword="null"/>.</exception>
    /// <exception cref="PrivatemodeRequestException">An additional property has a name that is not allowed or cannot be written as JSON, or an option has an
    /// invalid value.</exception>
    /// <exception cref="PrivatemodeConfigurationException">No API key is set, the service rejected it, or the manifest log cannot be used.</exception>
    /// <exception cref="PrivatemodeServiceException">The service could not be reached, refused the request, failed, or did not finish the answer.</exception>
    /// <exception cref="PrivatemodeIntegrityException">The answer was altered, is incomplete, or is not encrypted.</exception>
    /// <exception cref="PrivatemodeVerificationException">The deployment could not be verified. No content was sent that it can read.</exception>
    /// <exception cref="PrivatemodeWouldLeakException">A part of the request would have been sent in the clear. Nothing was sent.</exception>
    /// <exception cref="ObjectDisposedException">The <see cref="PrivatemodeClient"/> was disposed.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was canceled.</exception>
    public virtual Task<TextCompletion> CompleteAsync(TextCompletionRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        CompletionCalls calls = _calls ?? throw ClientMembers.IsNotOverridden(this, nameof(CompleteAsync));
        return calls.CompleteAsync(CompletionRequestWriter.Write(request, ModelId, stream: false), cancellationToken);
    }

    /// <summary>Completes the prompts of a request and returns the text while the model generates it.</summary>
    /// <param name="request">The prompts and the options.</param>
    /// <param name="cancellationToken">A token that cancels the operation.</param>
    /// <returns>The events of the completion. The request is sent when the events are enumerated. The completion is complete only if the enumeration ends
    /// without an exception.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="request"/> is <see langword="null"/>.</exception>
    /// <exception cref="PrivatemodeRequestException">An additional property has a name that is not allowed or cannot be written as JSON, or an option has an
    /// invalid value.</exception>
    /// <exception cref="PrivatemodeConfigurationException">No API key is set, the service rejected it, or the manifest log cannot be used.</exception>
    /// <exception cref="PrivatemodeServiceException">The service could not be reached, refused the request, failed, or did not finish the answer.</exception>
    /// <exception cref="PrivatemodeIntegrityException">The answer was altered, is incomplete, or is not encrypted. Events that were returned before the
    /// exception are authentic.</exception>
    /// <exception cref="PrivatemodeVerificationException">The deployment could not be verified. No content was sent that it can read.</exception>
    /// <exception cref="PrivatemodeWouldLeakException">A part of the request would have been sent in the clear. Nothing was sent.</exception>
    /// <exception cref="ObjectDisposedException">The <see cref="PrivatemodeClient"/> was disposed.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was canceled.</exception>
    public virtual IAsyncEnumerable<TextCompletion> CompleteStreamingAsync(
        TextCompletionRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        CompletionCalls calls = _calls ?? throw ClientMembers.IsNotOverridden(this, nameof(CompleteStreamingAsync));
        return calls.StreamAsync(CompletionRequestWriter.Write(request, ModelId, stream: true), cancellationToken);
    }
}
