namespace Privatemode.AI.Testing.Server;

/// <summary>A fault cannot be applied to this answer. The answer says so, so that the test fails.</summary>
internal sealed class FaultMissedException(Fault fault, string why)
    : Exception($"The fault '{fault}' could not be applied: {why}.");
