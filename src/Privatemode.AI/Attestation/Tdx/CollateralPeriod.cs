namespace Privatemode.AI.Attestation.Tdx;

/// <summary>From when until when a piece of collateral counts.</summary>
internal readonly record struct CollateralPeriod(DateTimeOffset From, DateTimeOffset Until);
