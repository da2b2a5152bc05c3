using OpenAI.Chat;
using ChatFinishReason = Microsoft.Extensions.AI.ChatFinishReason;
using OpenAIReason = OpenAI.Chat.ChatFinishReason;

namespace Privatemode.AI.Chat;

/// <summary>Why an answer ended, in the server's own word where OpenAI's type has none for it.</summary>
/// <remarks>
/// OpenAI's parser throws on words it does not know. The pipeline writes <c>length</c> in their place, because the answer may not be whole, and
/// keeps the word in <c>original_finish_reason</c>.
/// </remarks>
internal static class FinishReasons
{
    /// <summary>Null when the server gave no reason, which the parser takes for a stop.</summary>
    public static ChatFinishReason? Of(ChatCompletion completion) =>
        completion.Patch.TryGetValue("$.choices[0].original_finish_reason"u8, out string? original) && original is { Length: > 0 }
            ? new ChatFinishReason(original)
            : completion.Patch.TryGetValue("$.choices[0].finish_reason"u8, out string? given) && given is { Length: > 0 }
            ? Map(completion.FinishReason)
            : null;

    public static ChatFinishReason? Of(StreamingChatCompletionUpdate update) =>
        update.FinishReason is not { } reason ? null
        : update.Patch.TryGetValue("$.choices[0].original_finish_reason"u8, out string? original) && original is { Length: > 0 }
            ? new ChatFinishReason(original)
            : Map(reason);

    /// <summary>Whether the answer ended before the model was done. Unknown reasons are written as <c>length</c>, see above.</summary>
    public static bool IsEarly(OpenAIReason? reason) => reason is OpenAIReason.Length or OpenAIReason.ContentFilter;

    private static ChatFinishReason Map(OpenAIReason reason) => reason switch
    {
        OpenAIReason.Stop => ChatFinishReason.Stop,
        OpenAIReason.Length => ChatFinishReason.Length,
        OpenAIReason.ToolCalls or OpenAIReason.FunctionCall => ChatFinishReason.ToolCalls,
        OpenAIReason.ContentFilter => ChatFinishReason.ContentFilter,
        _ => new ChatFinishReason(reason.ToString()),
    };
}
