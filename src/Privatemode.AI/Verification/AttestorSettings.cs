namespace Privatemode.AI.Verification;

/// <summary>What an attestation is made with, beside trust.</summary>
/// <param name="Endpoint">The deployment.</param>
/// <param name="Lifetime">How long a verdict counts at most.</param>
/// <param name="AcceptsUnnamedSecretService">Whether the secret service's certificate may be without a DNS name.</param>
internal sealed record AttestorSettings(Uri Endpoint, TimeSpan Lifetime, bool AcceptsUnnamedSecretService = false);
