namespace Privatemode.AI.Internal;

/// <summary>Limits for the data that this library keeps of one answer while its events arrive. A stream can last for an hour.</summary>
internal static class AnswerLimits
{
    /// <summary>The maximum length of the text that is kept (tool calls and refusals), in characters or bytes.</summary>
    public const int MaxTextLength = 16 * 1024 * 1024;

    /// <summary>The maximum number of tool calls of one choice. OpenAI accepts 128 tools in a request, and models call each of them a few times.</summary>
    public const int MaxToolCalls = 1024;

    /// <summary>The maximum number of choices, unless more were requested. Completions can have several prompts, which are not all counted.</summary>
    public const int MaxChoices = 64 * 1024;

    /// <summary>The maximum number of content blocks that are open at the same time. Servers open one at a time.</summary>
    public const int MaxOpenBlocks = 1024;

    /// <summary>Adds to the length of the text that is kept of one answer.</summary>
    /// <exception cref="PrivatemodeServiceException">The text is longer than <see cref="MaxTextLength"/>.</exception>
    public static void AddKeptLength(ref long kept, int length, string? requestId)
    {
        kept += length;
        if (kept > MaxTextLength)
        {
            throw TooMany("more than 16 MiB of tool calls and refusals", requestId);
        }
    }

    /// <summary>Creates the exception for an answer that exceeds a limit.</summary>
    public static PrivatemodeServiceException TooMany(string what, string? requestId) => new(
        ServiceFailureReason.Other, $"The model server's answer has {what}. Do not use what was returned before; ask the model for less.")
    {
        Status = 200,
        RequestId = requestId,
    };
}
