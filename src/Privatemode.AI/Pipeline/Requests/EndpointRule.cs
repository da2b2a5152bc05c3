using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Pipeline.Answers;

namespace Privatemode.AI.Pipeline.Requests;

/// <summary>What one endpoint of the service demands of a request and of its answer.</summary>
internal sealed record EndpointRule
{
    /// <summary>HTTP method, upper case.</summary>
    public required string Method { get; init; }

    /// <summary>Path, without host and query.</summary>
    public required string Path { get; init; }

    /// <summary>Request members that travel in the clear; null for an endpoint without a body, which is not sealed at all.</summary>
    public PlainNames? RequestPlain { get; init; }

    /// <summary>Shape of the sealed answer; null for an endpoint that is not sealed.</summary>
    public AnswerShape? Answer { get; init; }

    /// <summary>The encrypted members of its whole answers; null for an endpoint that is not sealed, or whose answer is a list.</summary>
    public SealedMembers? Members { get; init; }

    /// <summary>The service wants a <c>cache_salt</c> in the body, and the shard key header when the salt is not random.</summary>
    public bool UsesPromptCache { get; init; }

    /// <summary>What is sealed in the body.</summary>
    public BodyKind Body { get; init; }

    /// <summary>Largest body before sealing, in bytes.</summary>
    public int PlainLimit { get; init; } = SealingEngine.WireLimit;

    /// <summary>Largest body on the wire, in bytes; the gateway refuses more.</summary>
    public int WireLimit { get; init; } = SealingEngine.WireLimit;

    /// <summary>The service is told which model is asked for.</summary>
    public bool NamesModel { get; init; } = true;

    /// <summary>What an event stream of this endpoint is made of.</summary>
    public StreamKind Stream { get; init; }

    /// <summary>The answer holds messages of an assistant, with tool calls.</summary>
    public bool HasMessages { get; init; }

    /// <summary>False for the endpoints that are not encrypted, because nothing in them is.</summary>
    public bool IsSealed => Answer is not null;
}
