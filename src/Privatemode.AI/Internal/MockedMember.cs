namespace Privatemode.AI.Internal;

/// <summary>Makes the exceptions of clients that a test derived from.</summary>
internal static class MockedMember
{
    public static NotSupportedException IsNotOverridden(object mock, string member) => new(
        $"{mock.GetType().Name} does not override {member}. It was created by the constructor for mocking, so it has no connection and sends nothing. " +
        "Override the member, or get the client from PrivatemodeClient.");
}
