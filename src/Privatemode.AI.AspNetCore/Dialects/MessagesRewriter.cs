using Privatemode.AI.AspNetCore.Internal;

namespace Privatemode.AI.AspNetCore.Dialects;

/// <summary>Edits the bodies of messages in Anthropic's form.</summary>
internal static class MessagesRewriter
{
    /// <exception cref="Errors.ProxyRefusalException">The body is not JSON, or has a member that cannot be served.</exception>
    public static EditResult Edit(ReadOnlyMemory<byte> body, EditContext context, PooledBuffer target) => ChatEdit.Edit(body, context, target);
}
