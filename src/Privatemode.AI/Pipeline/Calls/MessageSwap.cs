using System.ClientModel;
using System.ClientModel.Primitives;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Requests;

namespace Privatemode.AI.Pipeline.Calls;

/// <summary>Holds the sealed request in a message while it is sent; disposing puts the caller's own back.</summary>
internal sealed class MessageSwap : IDisposable
{
    private readonly PipelineMessage _message;
    private readonly SealedAttempt _attempt;
    private readonly BinaryContent? _content;
    private readonly string? _contentType;
    private readonly TimeSpan? _timeout;

    public MessageSwap(PipelineMessage message, SealedAttempt attempt)
    {
        _message = message;
        _attempt = attempt;
        _content = message.Request.Content;
        _contentType = message.Request.Headers.TryGetValue(ProtocolHeaders.ContentType, out string? type) ? type : null;
        _timeout = message.NetworkTimeout;
        WasBuffered = message.BufferResponse;

        message.Request.Content = attempt.Content;
        foreach ((string name, string value) in attempt.Headers)
        {
            message.Request.Headers.Set(name, value);
        }

        // Answers are read here, bounded in size and time, and not by the transport.
        message.BufferResponse = false;
        message.NetworkTimeout = Timeout.InfiniteTimeSpan;
    }

    /// <summary>The caller wants the answer in memory.</summary>
    public bool WasBuffered { get; }

    public void Dispose()
    {
        foreach ((string name, _) in _attempt.Headers)
        {
            _ = _message.Request.Headers.Remove(name);
        }

        if (_contentType is not null)
        {
            _message.Request.Headers.Set(ProtocolHeaders.ContentType, _contentType);
        }

        _message.Request.Content = _content;
        _message.BufferResponse = WasBuffered;
        _message.NetworkTimeout = _timeout;
        _attempt.Content?.Dispose();
    }
}
