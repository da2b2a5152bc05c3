using System.ClientModel;
using System.ClientModel.Primitives;
using Privatemode.AI.Pipeline.Requests;

namespace Privatemode.AI.Pipeline.Calls;

/// <summary>What one call carries from its first attempt to its last.</summary>
internal sealed class CallState : IDisposable
{
    private BinaryContent? _content;

    public SealedCall? Call { get; set; }

    /// <summary>Whose call it is; null until that is asked.</summary>
    public string? ApiKey { get; set; }

    /// <summary>Cancelled when the attempt under way has taken too long.</summary>
    public CancellationToken Deadline { get; set; }

    /// <summary>When the attempt under way was handed to the transport, by the monotonic clock: what the call waited for before does not count.</summary>
    public long SentAt { get; set; }

    /// <summary>How often the retry policy has let this call through.</summary>
    public int Tries { get; set; }

    /// <summary>Whether and why attempts were repeated at once.</summary>
    public Repeats Repeats { get; } = new();

    public static CallState Begin(PipelineMessage message)
    {
        CallState state = new();
        message.SetProperty(typeof(CallState), state);
        return state;
    }

    public static CallState? Of(PipelineMessage message) =>
        message.TryGetProperty(typeof(CallState), out object? state) ? (CallState?)state : null;

    /// <summary>Drops the plaintext taken before if the caller has put another body into the message since.</summary>
    public void ForgetUnless(BinaryContent? content)
    {
        if (!ReferenceEquals(content, _content))
        {
            Call?.Dispose();
            Call = null;
            _content = content;
        }
    }

    public void Dispose()
    {
        Call?.Dispose();
        Call = null;
    }
}
