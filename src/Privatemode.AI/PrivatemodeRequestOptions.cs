namespace Privatemode.AI;

/// <summary>Provides the keys of <see cref="HttpRequestMessage.Options"/> that <see cref="PrivatemodeHttpMessageHandler"/> reads. None of the values is
/// ever sent.</summary>
public static class PrivatemodeRequestOptions
{
    /// <summary>Gets the key of the caller's session for the service's prompt cache: only requests with the same value share cached prompts.</summary>
    /// <value>The option's value has at most 1,024 bytes in UTF-8.</value>
    /// <remarks>The <c>prompt_cache_key</c> of a request for a response takes precedence. See <see cref="PromptCacheScope"/>.</remarks>
    public static HttpRequestOptionsKey<string?> CacheKey { get; } = new("Privatemode.CacheKey");

    /// <summary>Gets the key of the name of who asks, where several callers share an API key.</summary>
    /// <remarks>Callers of different names share neither cached prompts of a <see cref="CacheKey"/> nor encrypted reasoning.</remarks>
    public static HttpRequestOptionsKey<string?> Caller { get; } = new("Privatemode.Caller");

    /// <summary>Gets the key of the model that a response names.</summary>
    /// <remarks>Without this option a response names the model of the request. Only <c>/v1/responses</c> uses it.</remarks>
    public static HttpRequestOptionsKey<string?> AnsweredModel { get; } = new("Privatemode.AnsweredModel");

    /// <summary>Gets the key of the progress of a streamed response, for a server that writes events of its own.</summary>
    /// <remarks>Only <c>/v1/responses</c> uses it.</remarks>
    public static HttpRequestOptionsKey<ResponseProgress?> Progress { get; } = new("Privatemode.Progress");
}
