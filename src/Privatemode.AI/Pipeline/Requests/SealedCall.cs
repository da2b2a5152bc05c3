using Privatemode.AI.Encryption;

namespace Privatemode.AI.Pipeline.Requests;

/// <summary>One call of the caller's, through all its attempts: the plaintext, taken once and checked, and the id.</summary>
internal sealed class SealedCall : IDisposable
{
    public required EndpointRule Rule { get; init; }

    /// <summary>Id of the call without the attempt.</summary>
    public required string RequestId { get; init; }

    /// <summary>The plaintext body as it will be sealed; null for an endpoint without one.</summary>
    public RequestBody? Body { get; init; }

    /// <summary>The media type of the plaintext body; null for an endpoint without one.</summary>
    public string? ContentType { get; set; }

    public string? Model { get; init; }

    /// <summary>The caller asked for an event stream.</summary>
    public bool WantsStream { get; init; }

    /// <summary>How many choices the answer must have.</summary>
    public int Choices { get; init; } = 1;

    /// <summary>A transcription with its times was asked for (<c>verbose_json</c>).</summary>
    public bool WantsTimes { get; init; }

    /// <summary>The last event of the stream says what was used, and that nothing comes after it.</summary>
    public bool EndsWithUsage { get; init; }

    /// <summary>That event was not asked for by the caller, and is not for him.</summary>
    public bool HidesUsage { get; init; }

    /// <summary>The caller asked for usage on every event of the stream.</summary>
    public bool KeepsUsage { get; init; }

    /// <summary>The shard key, or null when the salt is random.</summary>
    public string? ShardKey { get; init; }

    /// <summary>How many attempts were begun.</summary>
    public int Attempts { get; set; }

    /// <summary>The attempt under way; null between attempts.</summary>
    public SealedAttempt? Current { get; set; }

    /// <summary>For exceptions about the answer.</summary>
    public AnswerContext Context => new(Rule.Path, RequestId);

    public void Dispose()
    {
        Current?.Dispose();
        Body?.Dispose();
    }
}
