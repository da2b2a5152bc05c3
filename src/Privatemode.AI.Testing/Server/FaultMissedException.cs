namespace Privatemode.AI.Testing.Server;

/// <summary>The exception for a fault that cannot be applied to an answer. The answer reports this, so that the test fails.</summary>
internal sealed class FaultMissedException(Fault fault, string why)
    : Exception($"The fault '{fault}' could not be applied: {why}.");
