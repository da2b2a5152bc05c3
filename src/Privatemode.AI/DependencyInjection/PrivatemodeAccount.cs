using Microsoft.Extensions.Configuration;

namespace Privatemode.AI.DependencyInjection;

/// <summary>One registered account: under which key, and where its settings are.</summary>
internal sealed class PrivatemodeAccount(string? accountKey)
{
    /// <summary>Name of the HTTP client, to which an application can add handlers of its own.</summary>
    public const string HttpClientPrefix = "Privatemode.AI";

    /// <summary>Section of the application's configuration if no section is named.</summary>
    public const string Section = "Privatemode";

    /// <summary>Below it the accounts that have a key.</summary>
    public const string Accounts = "Accounts";

    /// <summary>The key of its services; null for the one without a key.</summary>
    public string? AccountKey { get; } = accountKey;

    /// <summary>Name of its options.</summary>
    public string OptionsName => AccountKey ?? "";

    public string HttpClientName => AccountKey is null ? HttpClientPrefix : $"{HttpClientPrefix}:{AccountKey}";

    /// <summary>Where its settings are when no section is given.</summary>
    public string DefaultSection => AccountKey is null ? Section : $"{Section}:{Accounts}:{AccountKey}";

    /// <summary>How often it was registered.</summary>
    public int Calls { get; set; }

    /// <summary>The sections that were given, in their order. Null stands for <see cref="DefaultSection"/>.</summary>
    public List<IConfigurationSection?> Sections { get; } = [];

    /// <summary>Path of the section given last; what errors name.</summary>
    public string SectionPath => Sections[^1]?.Path ?? DefaultSection;
}
