namespace Privatemode.AI.DependencyInjection;

/// <summary>One registered account: under which key, and where its settings are.</summary>
/// <param name="AccountKey">The key of its services; null for the one without a key.</param>
internal sealed record PrivatemodeAccount(string? AccountKey)
{
    /// <summary>Name of the HTTP client, to which an application can add handlers of its own.</summary>
    public const string HttpClientPrefix = "Privatemode.AI";

    /// <summary>Section of the application's configuration when none is given.</summary>
    public const string Section = "Privatemode";

    /// <summary>Below it the accounts that have a key.</summary>
    public const string Accounts = "Accounts";

    /// <summary>Name of its options.</summary>
    public string OptionsName => AccountKey ?? "";

    public string HttpClientName => AccountKey is null ? HttpClientPrefix : $"{HttpClientPrefix}:{AccountKey}";

    /// <summary>Where its settings are when no section is given.</summary>
    public string DefaultSection => AccountKey is null ? Section : $"{Section}:{Accounts}:{AccountKey}";

    /// <summary>The section that was given; its path is what errors name.</summary>
    public string SectionPath { get; set; } = AccountKey is null ? Section : $"{Section}:{Accounts}:{AccountKey}";
}
