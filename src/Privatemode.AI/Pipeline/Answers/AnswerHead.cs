namespace Privatemode.AI.Pipeline.Answers;

/// <summary>What an HTTP answer says before its body; none of it is authenticated.</summary>
internal readonly record struct AnswerHead
{
    public required int Status { get; init; }

    public string? ContentType { get; init; }

    /// <summary>Value of <c>Privatemode-Encrypted</c>.</summary>
    public string? Encrypted { get; init; }

    /// <summary>Value of <c>Retry-After</c>.</summary>
    public string? RetryAfter { get; init; }

    public bool IsSuccess => Status is >= 200 and <= 299;

    public bool IsEventStream => ContentType?.Contains("event-stream", StringComparison.OrdinalIgnoreCase) == true;

    /// <summary>The answer says of itself that it is not sealed.</summary>
    public bool IsMarkedUnsealed => Encrypted == "false";

    /// <summary>The whole-body format of services newer than this client.</summary>
    public bool IsNewerFormat => ContentType?.StartsWith("application/vnd.privatemode.encrypted-body", StringComparison.OrdinalIgnoreCase) == true;
}
