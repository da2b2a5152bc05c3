namespace Privatemode.AI.Pipeline.Answers;

/// <summary>What an answer of status 400 or more says.</summary>
internal sealed record ServiceError
{
    public required int Status { get; init; }

    /// <summary>The message of the error, or the text of the body when it has no known form.</summary>
    public string? Message { get; init; }

    public string? Code { get; init; }

    /// <summary>Sealed by the enclave, as opposed to written by anybody on the path.</summary>
    public bool IsAuthenticated { get; init; }

    /// <summary>The body was too long to be read, so the status is all there is.</summary>
    public bool IsTooLong { get; init; }

    /// <summary>The gateway or the inference proxy refused an encrypted request without decrypting it, or answered in a newer format.</summary>
    public bool ConcernsProtocol { get; init; }

    public TimeSpan? RetryAfter { get; init; }

    public string? RequestId { get; init; }

    /// <summary>The service no longer knows the secret; it did not process the call.</summary>
    /// <remarks>Never sealed, for want of the secret. A sealed error with these words quotes them, perhaps from the prompt.</remarks>
    public bool IsUnknownSecret => Status == 500 && !IsAuthenticated && Message?.Contains("no secret for ID", StringComparison.Ordinal) == true;
}
