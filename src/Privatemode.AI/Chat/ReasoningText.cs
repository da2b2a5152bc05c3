using System.ClientModel.Primitives;
using OpenAI.Chat;

namespace Privatemode.AI.Chat;

/// <summary>The model's reasoning, which OpenAI's types do not know: <c>reasoning</c> if present, else <c>reasoning_content</c>, never
/// both.</summary>
/// <remarks>Service version 1.40 sends the same text under both names; newer servers only the first, older ones only the second.</remarks>
internal static class ReasoningText
{
    public static string? Of(ChatCompletion completion) =>
        Read(ref completion.Patch, "$.choices[0].message.reasoning"u8, "$.choices[0].message.reasoning_content"u8);

    public static string? Of(StreamingChatCompletionUpdate update) =>
        Read(ref update.Patch, "$.choices[0].delta.reasoning"u8, "$.choices[0].delta.reasoning_content"u8);

    private static string? Read(ref JsonPatch patch, ReadOnlySpan<byte> name, ReadOnlySpan<byte> olderName) =>
        patch.TryGetValue(name, out string? text) && text is { Length: > 0 } ? text
        : patch.TryGetValue(olderName, out text) && text is { Length: > 0 } ? text
        : null;
}
