using Privatemode.AI.Encryption;

namespace Privatemode.AI;

/// <summary>Provides options for the Responses API (<c>POST /v1/responses</c>). See <see cref="PrivatemodeOptions.Responses"/>.</summary>
public sealed class ResponsesOptions
{
    internal const int ReasoningKeySize = ReasoningCipher.KeySize;

    /// <summary>Gets or sets what happens to the hosted tools of a request: those that OpenAI runs, such as web search, and those that only OpenAI's models
    /// know, such as <c>local_shell</c>, <c>apply_patch</c> and <c>computer</c>.</summary>
    /// <value>The default is <see cref="HostedToolPolicy.Refuse"/>.</value>
    /// <remarks>In the proxy, the same option decides about hosted tools of <c>/v1/messages</c>.</remarks>
    public HostedToolPolicy HostedTools { get; set; }

    /// <summary>Gets or sets the key that encrypts the reasoning in <c>encrypted_content</c>, which callers keep and send back.</summary>
    /// <value>Exactly 32 random bytes. The default is empty: each client generates its own key.</value>
    /// <remarks>Set the same key in all processes that serve the same conversations, and keep it secret. Reasoning that this key cannot decrypt is left out of
    /// the request to the service, unless the item also contains it unencrypted, and the call continues.</remarks>
    public ReadOnlyMemory<byte> ReasoningKey { get; set; }

    internal ResponsesOptions Clone() => (ResponsesOptions)MemberwiseClone();
}

/// <summary>Specifies what happens to hosted tools: those that OpenAI runs, such as web search, and those that only OpenAI's models know, such as
/// <c>local_shell</c>. The service does not have these tools.</summary>
public enum HostedToolPolicy
{
    /// <summary>The call is refused before anything is sent. This is the default.</summary>
    Refuse,

    /// <summary>The tools, their earlier calls and the results of these calls are left out of the request.</summary>
    /// <remarks>A request whose <c>tool_choice</c> names such a tool is refused all the same. In an answer of <see cref="PrivatemodeHttpMessageHandler"/>, the
    /// header <c>Privatemode-Left-Out-Tools</c> lists the types of the tools that were left out.</remarks>
    LeaveOut,
}
