namespace Privatemode.AI;

/// <summary>Provides the keys of the request options that <see cref="PrivatemodeHttpMessageHandler"/> reads.</summary>
/// <remarks>Set an option with <see cref="HttpRequestMessage.Options"/>. The values are never sent.</remarks>
public static class PrivatemodeRequestOptions
{
    /// <summary>Gets the key of the option that names the caller's session: only requests with the same value share cached prompts.</summary>
    /// <value>The option's value has at most 1,024 bytes in UTF-8.</value>
    /// <remarks>The option takes precedence over the member <c>prompt_cache_key</c> of a request. With <see cref="PromptCacheScope.None"/>, requests never
    /// share cached prompts, regardless of the value.</remarks>
    public static HttpRequestOptionsKey<string?> PromptCacheKey { get; } = new("Privatemode.PromptCacheKey");

    /// <summary>Gets the key of the option that names the caller, for servers whose callers share an API key.</summary>
    /// <remarks>Callers with different names share neither cached prompts of a <see cref="PromptCacheKey"/> nor encrypted reasoning.</remarks>
    public static HttpRequestOptionsKey<string?> Caller { get; } = new("Privatemode.Caller");

    /// <summary>Gets the key of the option that replaces the model ID in a response.</summary>
    /// <remarks>Without this option, a response contains the model ID of the request. Only <c>/v1/responses</c> uses it.</remarks>
    public static HttpRequestOptionsKey<string?> ResponseModelId { get; } = new("Privatemode.ResponseModelId");

    /// <summary>Gets the key of the option that tracks a streamed response, for a server that writes events of its own.</summary>
    /// <remarks>Only <c>/v1/responses</c> uses it.</remarks>
    public static HttpRequestOptionsKey<ResponseProgress?> Progress { get; } = new("Privatemode.Progress");
}
