namespace Privatemode.AI.Attestation.Contrast;

/// <summary>What a text that is not as it should be becomes: the name of the check, and what to do.</summary>
internal sealed record StrictFailure(string Check, string Message)
{
    public PrivatemodeVerificationException Create(string expected, string? found = null) => new(Check, Message)
    {
        Expected = expected,
        Found = found,
    };

    /// <summary>The same advice under another name.</summary>
    public StrictFailure For(string check) => this with { Check = check };
}
