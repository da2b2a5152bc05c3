using Microsoft.AspNetCore.Http;
using Privatemode.AI.AspNetCore.Gate;
using Privatemode.AI.AspNetCore.Models;

namespace Privatemode.AI.AspNetCore.Dialects;

/// <summary>What an edit may know besides the body.</summary>
internal sealed class EditContext
{
    public required PrivatemodeProxyOptions Options { get; init; }

    /// <summary>Whether hosted tools are left out of messages instead of being refused. This is the setting of the account, which the library also uses for
    /// responses, and which <see cref="PrivatemodeProxyOptions.LeaveOutHostedTools"/> sets.</summary>
    public bool LeavesOutHostedTools { get; init; }

    public required ModelAliases Models { get; init; }

    public required ProxyCaller Caller { get; init; }

    /// <summary>Headers of the caller, read for the session only. None of them is ever sent.</summary>
    public required IHeaderDictionary Headers { get; init; }
}

/// <summary>What an edit found in the body and changed.</summary>
internal sealed record EditResult
{
    /// <summary>Whether the edited body is in the target; otherwise the original one is to be sent.</summary>
    public required bool IsChanged { get; init; }

    /// <summary>The model as the caller wrote it; null for requests without one.</summary>
    public string? RequestedModel { get; init; }

    /// <summary>The model that is asked of the service.</summary>
    public string? Model { get; init; }

    public bool IsStream { get; init; }

    /// <summary>For rate limits and token counting; not exact.</summary>
    public long EstimatedInputTokens { get; init; }

    /// <summary>Types of tools that were left out, fixed words.</summary>
    public IReadOnlyList<string> LeftOut { get; init; } = [];

    /// <summary>The session whose prompts may share the cache; null for none.</summary>
    public string? CacheKey { get; init; }

    /// <summary>How many messages with the role <c>system</c> were moved although the model had answered before, which costs the prompt cache.</summary>
    public int FoldedLate { get; init; }

    /// <summary>How many members were left out because they are not known.</summary>
    public int UnknownMembers { get; init; }
}
