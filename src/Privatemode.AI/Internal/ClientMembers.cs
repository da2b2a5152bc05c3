namespace Privatemode.AI.Internal;

/// <summary>Members that all clients and adapters have in common.</summary>
internal static class ClientMembers
{
    /// <summary>The result of an adapter's <c>GetService</c>: its metadata, the underlying client, or itself.</summary>
    public static object? FindService(object adapter, object metadata, object client, Type clientType, Type serviceType, object? serviceKey)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == metadata.GetType() ? metadata
            : serviceType == clientType ? client
            : serviceType.IsInstanceOfType(adapter) ? adapter
            : null;
    }

    /// <summary>The exception of a member that a test double does not override.</summary>
    public static NotSupportedException IsNotOverridden(object mock, string member) => new(
        $"{mock.GetType().Name} does not override {member}. It was created by the constructor for mocking, so it has no connection and sends nothing. " +
        "Override the member, or get the client from PrivatemodeClient.");
}
