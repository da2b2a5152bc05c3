namespace Privatemode.AI.Testing.Server;

/// <summary>A fault was ordered that cannot happen to this answer. Told in the answer, so that the test that ordered it fails.</summary>
internal sealed class FaultMissedException(Fault fault, string why)
    : Exception($"The fault '{fault}' could not be applied: {why}.");
