namespace Privatemode.AI.Attestation.Sev;

/// <summary>The dates on which a verdict depends.</summary>
internal sealed record SnpDates(
    DateTimeOffset VekNotBefore,
    DateTimeOffset VekNotAfter,
    DateTimeOffset IntermediateNotAfter,
    DateTimeOffset RootNotAfter,
    DateTimeOffset CrlThisUpdate,
    DateTimeOffset CrlNextUpdate)
{
    /// <summary>The earliest end.</summary>
    public DateTimeOffset ValidUntil => new[] { VekNotAfter, IntermediateNotAfter, RootNotAfter, CrlNextUpdate }.Min();
}
