namespace Privatemode.AI.Internal;

/// <summary>What all clients and adapters answer alike.</summary>
internal static class ClientMembers
{
    /// <summary>What an adapter returns from <c>GetService</c>: its metadata, the client below it, or itself.</summary>
    public static object? FindService(object adapter, object metadata, object client, Type clientType, Type serviceType, object? serviceKey)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == metadata.GetType() ? metadata
            : serviceType == clientType ? client
            : serviceType.IsInstanceOfType(adapter) ? adapter
            : null;
    }

    /// <summary>What a member throws that a test double does not override.</summary>
    public static NotSupportedException IsNotOverridden(object mock, string member) => new(
        $"{mock.GetType().Name} does not override {member}. It was created by the constructor for mocking, so it has no connection and sends nothing. " +
        "Override the member, or get the client from PrivatemodeClient.");
}
