namespace Privatemode.AI.Tests.Fakes;

/// <summary>Makes accounts from the data of a theory.</summary>
internal static class RegisteredAccounts
{
    /// <summary>The account with this service key; null, which stands for the one without, if the key is null.</summary>
    public static RegisteredAccount? Of(string? serviceKey) => serviceKey is null ? null : RegisteredAccount.Keyed(serviceKey);
}
