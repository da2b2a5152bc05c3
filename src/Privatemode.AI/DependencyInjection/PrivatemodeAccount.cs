using Microsoft.Extensions.Configuration;

namespace Privatemode.AI.DependencyInjection;

/// <summary>One registered account: its service key and its configuration sections.</summary>
internal sealed class PrivatemodeAccount(string? accountKey)
{
    /// <summary>Name of the HTTP client, to which an application can add handlers.</summary>
    public const string HttpClientPrefix = "Privatemode.AI";

    /// <summary>Section of the application's configuration if no section is named.</summary>
    public const string Section = "Privatemode";

    /// <summary>The section that contains the accounts with a service key.</summary>
    public const string Accounts = "Accounts";

    /// <summary>The service key of the account's services; null for the account without a service key.</summary>
    public string? AccountKey { get; } = accountKey;

    /// <summary>The name of the account's options.</summary>
    public string OptionsName => AccountKey ?? "";

    public string HttpClientName => AccountKey is null ? HttpClientPrefix : $"{HttpClientPrefix}:{AccountKey}";

    /// <summary>The section of its settings if no section is specified.</summary>
    public string DefaultSection => AccountKey is null ? Section : $"{Section}:{Accounts}:{AccountKey}";

    /// <summary>The number of calls that registered the account.</summary>
    public int Calls { get; set; }

    /// <summary>The specified sections, in their order. Null means <see cref="DefaultSection"/>.</summary>
    public List<IConfigurationSection?> Sections { get; } = [];

    /// <summary>Path of the last specified section, for errors.</summary>
    public string SectionPath => Sections[^1]?.Path ?? DefaultSection;
}
