using Microsoft.AspNetCore.Http;
using Privatemode.AI.AspNetCore.Gate;
using Privatemode.AI.AspNetCore.Models;

namespace Privatemode.AI.AspNetCore.Dialects;

/// <summary>The information that an edit needs besides the body.</summary>
internal sealed class EditContext
{
    public required PrivatemodeProxyOptions Options { get; init; }

    /// <summary>Whether hosted tools are left out of messages instead of being refused. This is the setting of the account, which the library also uses for
    /// responses, and which <see cref="PrivatemodeProxyOptions.LeaveOutHostedTools"/> sets.</summary>
    public bool LeavesOutHostedTools { get; init; }

    public required ModelAliases Models { get; init; }

    public required ProxyCaller Caller { get; init; }

    /// <summary>The headers of the caller. They are read only to find the session, and are never sent.</summary>
    public required IHeaderDictionary Headers { get; init; }
}

/// <summary>The result of an edit.</summary>
internal sealed record EditResult
{
    /// <summary>Whether the target contains an edited body. Otherwise, the original body is sent.</summary>
    public required bool IsChanged { get; init; }

    /// <summary>The model as the caller wrote it; null for requests without one.</summary>
    public string? RequestedModel { get; init; }

    /// <summary>The model ID that is sent to the service.</summary>
    public string? Model { get; init; }

    public bool IsStream { get; init; }

    /// <summary>The estimated number of input tokens, for rate limits and token counting.</summary>
    public long EstimatedInputTokens { get; init; }

    /// <summary>The types of the tools that were left out, from a fixed list of words.</summary>
    public IReadOnlyList<string> LeftOut { get; init; } = [];

    /// <summary>The key under which the prompt is cached; null if it does not share the cache.</summary>
    public string? CacheKey { get; init; }

    /// <summary>The number of messages with the role <c>system</c> that came after an answer of the model and were moved to the beginning, so that cached
    /// prompts cannot be used.</summary>
    public int FoldedLate { get; init; }

    /// <summary>The number of members that were left out because they are unknown.</summary>
    public int UnknownMembers { get; init; }
}
