namespace Privatemode.AI;

/// <summary>Provides the options for the service's prompt cache. See <see cref="PrivatemodeOptions.PromptCache"/>.</summary>
public sealed class PromptCacheOptions
{
    /// <summary>Gets or sets the scope, which specifies which requests share cached prefixes of their prompts.</summary>
    /// <value>The default is <see cref="PromptCacheScope.None"/>: requests do not share cached prompts.</value>
    public PromptCacheScope Scope { get; set; } = PromptCacheScope.None;

    internal PromptCacheOptions Clone() => (PromptCacheOptions)MemberwiseClone();
}
