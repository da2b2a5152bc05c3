namespace Privatemode.AI.Testing.Server;

/// <summary>The exception for a fault or a scripted answer that cannot be applied. The answer reports this, so that the test fails.</summary>
internal sealed class TestMistakeException(string message) : Exception(message)
{
    public TestMistakeException(Fault fault, string why)
        : this($"The fault '{fault}' could not be applied: {why}.")
    {
    }
}
