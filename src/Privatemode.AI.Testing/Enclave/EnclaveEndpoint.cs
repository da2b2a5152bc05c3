using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Testing.Enclave;

/// <summary>An endpoint of the inference proxy.</summary>
/// <param name="Path">The path.</param>
/// <param name="Request">The fields of the request that are not encrypted.</param>
/// <param name="Answer">The fields of the answer that are not encrypted.</param>
/// <param name="UsesPromptCache">Whether requests must contain a cache salt.</param>
internal sealed record EnclaveEndpoint(string Path, ClearNames Request, ClearNames Answer, bool UsesPromptCache = false)
{
    private static readonly ClearNames Generation = new("model", "stream_options", "max_tokens", "max_completion_tokens", "n", "stream");
    private static readonly ClearNames IdAndUsage = new("id", "usage");

    public static EnclaveEndpoint Chat { get; } = new("/v1/chat/completions", Generation, IdAndUsage, UsesPromptCache: true);

    public static EnclaveEndpoint Completions { get; } = new("/v1/completions", Generation, IdAndUsage, UsesPromptCache: true);

    public static EnclaveEndpoint Embeddings { get; } = new("/v1/embeddings", new ClearNames("model"), IdAndUsage);

    public static EnclaveEndpoint Messages { get; } = new(
        "/v1/messages", new ClearNames("model", "stream"), new ClearNames("id", "type", "usage"), UsesPromptCache: true);

    public static EnclaveEndpoint Transcriptions { get; } = new(
        "/v1/audio/transcriptions", new ClearNames("model", "stream", "stream_include_usage", "stream_continuous_usage_stats"),
        new ClearNames("duration", "usage"));

    public static EnclaveEndpoint Partition { get; } = new("/unstructured/general/v0/general", new ClearNames(), new ClearNames());

    private static readonly EnclaveEndpoint[] All = [Chat, Completions, Embeddings, Messages, Transcriptions, Partition];

    /// <summary>Whether request bodies are forms.</summary>
    public bool TakesForms => this == Transcriptions || this == Partition;

    /// <summary>The task that a model must support, as the model list names it; empty if the endpoint uses no model.</summary>
    public string Task => this == Embeddings ? "embed" : this == Transcriptions ? "transcribe" : this == Partition ? "" : "generate";

    /// <summary>Whether the endpoint uses GPUs, whose revocation state is checked under the policy of the request.</summary>
    public bool UsesGpus => this != Partition;

    /// <summary>The beginning of the inference proxy's error for a request that it cannot decrypt or does not accept. The last part is repeated for
    /// endpoints whose requests the proxy also changes.</summary>
    public string Refusing => this == Embeddings || this == Partition
        ? "forwarding request: mutating request: "
        : "forwarding request: mutating request: mutating request: ";

    /// <summary>Returns the endpoint of a request, or null. The inference proxy requires POST for embeddings and messages only.</summary>
    public static EnclaveEndpoint? Find(string method, string? path) => Array.Find(
        All, endpoint => endpoint.Path == path && (method == "POST" || (endpoint != Embeddings && endpoint != Messages)));
}
