using Microsoft.Extensions.AI;
using Privatemode.AI;

namespace UserPrograms;

/// <summary>Middleware that writes the receipt of each answer to an audit log, one JSON object a line, and reads it back.</summary>
public sealed class ReceiptLog(IChatClient inner, TextWriter log) : DelegatingChatClient(inner)
{
    public static IEnumerable<EncryptionReceipt> Read(string log) =>
        log.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => EncryptionReceipt.TryParse(line, out EncryptionReceipt? receipt) ? receipt : null)
            .OfType<EncryptionReceipt>();

    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ChatResponse response = await base.GetResponseAsync(messages, options, cancellationToken);
        if (response.GetPrivatemodeReceipt() is { } receipt)
        {
            await log.WriteAsync($"{receipt.ToJson()}\n");
        }

        return response;
    }
}
