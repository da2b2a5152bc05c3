using System.ClientModel.Primitives;
using OpenAI;
using OpenAI.Chat;
using Privatemode.AI.Pipeline.Answers;

namespace Privatemode.AI.Chat;

/// <summary>Names the member of a chat that the OpenAI client can neither write nor read.</summary>
internal static class ChatFormat
{
    /// <summary>For an answer that is read whole.</summary>
    public static CallFormat Whole(IReadOnlyList<ChatMessage> messages, ChatCompletionOptions options) => new(
        answer => ModelReaderWriter.Read<ChatCompletion>(answer, ModelReaderWriterOptions.Json, OpenAIContext.Default),
        () => FindUnwritable(messages, options));

    /// <summary>For an answer that is read event by event.</summary>
    public static CallFormat Events(IReadOnlyList<ChatMessage> messages, ChatCompletionOptions options) => new(
        data => ModelReaderWriter.Read<StreamingChatCompletionUpdate>(data, ModelReaderWriterOptions.Json, OpenAIContext.Default),
        () => FindUnwritable(messages, options));

    private static string? FindUnwritable(IReadOnlyList<ChatMessage> messages, ChatCompletionOptions options)
    {
        for (int i = 0; i < messages.Count; i++)
        {
            if (!CanWrite(messages[i]))
            {
                return $"messages[{i}]";
            }
        }

        for (int i = 0; i < options.Tools.Count; i++)
        {
            if (!CanWrite(options.Tools[i]))
            {
                return $"tools[{i}]";
            }
        }

        return options.ResponseFormat is { } format && !CanWrite(format) ? "response_format"
            : options.ToolChoice is { } choice && !CanWrite(choice) ? "tool_choice"
            : null;
    }

    private static bool CanWrite<T>(T part)
        where T : IPersistableModel<T>
    {
        try
        {
            _ = ModelReaderWriter.Write(part, ModelReaderWriterOptions.Json, OpenAIContext.Default);
            return true;
        }
        catch (Exception)
        {
            return false;
        }
    }
}
