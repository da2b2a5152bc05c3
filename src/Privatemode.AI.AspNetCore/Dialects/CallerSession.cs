using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Privatemode.AI.AspNetCore.Gate;

namespace Privatemode.AI.AspNetCore.Dialects;

/// <summary>Finds the session of a coding assistant that a request belongs to, for the prompt cache. The session itself is never sent.</summary>
internal static class CallerSession
{
    private const int Longest = 256;

    // Claude Code, Codex and opencode, in this order. The header x-client-request-id is another one for each request.
    private static readonly string[] Headers = ["X-Claude-Code-Session-Id", "session-id", "x-session-id"];

    /// <summary>Returns the key under which calls share cached prompts: the caller and its session. Different callers never have the same key.</summary>
    /// <param name="context">The caller, its headers, and the options of the proxy.</param>
    /// <param name="bodyKey">The value of <c>prompt_cache_key</c> in the body, or null.</param>
    /// <returns>The key, or null if the request names no session. Headers are read only with <see cref="PrivatemodeProxyOptions.SessionPromptCache"/>, not for
    /// the prompt cache scope of the account.</returns>
    public static string? KeyOf(EditContext context, string? bodyKey) => Bind(
        context.Caller,
        IsSession(bodyKey) ? bodyKey
            : context.Options.SessionPromptCache ? Headers.Select(name => Value(context.Headers, name)).FirstOrDefault(IsSession)
            : null);

    /// <summary>Returns a key that only this caller can have, or null if the session is not a usable name.</summary>
    public static string? Bind(ProxyCaller caller, string? session) => IsSession(session) ? $"{caller.KeyDigest}:{session}" : null;

    private static string? Value(IHeaderDictionary headers, string name) =>
        headers.TryGetValue(name, out StringValues values) && values.Count == 1 ? values[0] : null;

    private static bool IsSession(string? text) => text is { Length: > 0 and <= Longest } && !text.AsSpan().ContainsAnyExceptInRange(' ', '~');
}
