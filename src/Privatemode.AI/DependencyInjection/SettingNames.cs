using Microsoft.Extensions.Configuration;
using Privatemode.AI.Internal;
using static Privatemode.AI.Internal.OptionNames;

namespace Privatemode.AI.DependencyInjection;

/// <summary>Suggests the setting that an unknown name probably means.</summary>
internal static class SettingNames
{
    private const int MaxSuggestions = 3;
    private const int MaxTypos = 3;
    private const int Similar = 1000;
    private const int NotSimilar = int.MaxValue;

    /// <summary>Options that configuration cannot set.</summary>
    internal static IReadOnlyList<string> CodeOnly { get; } =
    [
        nameof(PrivatemodeOptions.Credential), nameof(PrivatemodeOptions.ApiKeyAccessor), nameof(PrivatemodeOptions.LoggerFactory),
        nameof(PrivatemodeOptions.TimeProvider), OptionNames.CollateralCache, OptionNames.OnVerified, OptionNames.InsecureLoopbackTrust,
        OptionNames.HttpMessageHandler, OptionNames.RateLimiter, OptionNames.AnyHandlerOnLoopback, OptionNames.LocalProxy,
    ];

    // Names that other libraries use, in the form that Letters returns.
    private static readonly Dictionary<string, string> OtherWords = new(StringComparer.Ordinal)
    {
        ["accesskey"] = nameof(PrivatemodeOptions.ApiKey),
        ["key"] = nameof(PrivatemodeOptions.ApiKey),
        ["secret"] = nameof(PrivatemodeOptions.ApiKey),
        ["token"] = nameof(PrivatemodeOptions.ApiKey),
        ["address"] = nameof(PrivatemodeOptions.Endpoint),
        ["baseaddress"] = nameof(PrivatemodeOptions.Endpoint),
        ["baseuri"] = nameof(PrivatemodeOptions.Endpoint),
        ["baseurl"] = nameof(PrivatemodeOptions.Endpoint),
        ["host"] = nameof(PrivatemodeOptions.Endpoint),
        ["uri"] = nameof(PrivatemodeOptions.Endpoint),
        ["url"] = nameof(PrivatemodeOptions.Endpoint),
    };

    /// <returns>A sentence for the message of an exception.</returns>
    public static string Advise(string unknown, IEnumerable<string> known)
    {
        string letters = Letters(unknown);
        if (CodeOnly.FirstOrDefault(name => Letters(name) == letters || Letters(LastPart(KeyOf(name))) == letters) is { } codeOnly)
        {
            string assignment = codeOnly == OptionNames.LocalProxy
                ? $"{nameof(PrivatemodeOptions.Transport)}.{nameof(TransportOptions.UseDangerousUnverifiedLocalProxy)}(...)"
                : $"{codeOnly} = ...";
            return $"{codeOnly} is set in code: AddPrivatemode(options => options.{assignment}).";
        }

        if (letters is "model" or "modelid" or "chatmodel" or "defaultmodel" or "deployment")
        {
            return "The model is set in code: AddPrivatemodeChatClient(modelId), or ChatOptions.ModelId of a call.";
        }

        string[] suggestions = OtherWords.TryGetValue(letters, out string? usual) ? [usual] : MostSimilar(unknown, known);
        return suggestions.Length > 0 ? $"Did you mean {string.Join(" or ", suggestions)}?" : "Correct the spelling, or remove it.";
    }

    /// <summary>Returns a sentence that names settings that are probably meant for an account whose section is missing, or null.</summary>
    public static string? HintAt(IConfiguration configuration, PrivatemodeAccount account)
    {
        const string Section = PrivatemodeAccount.Section;
        string[] similar = account.AccountKey is null
            ? [.. configuration.GetChildren().Where(IsLikeOurs).Select(child => child.Key)]
            : [.. configuration.GetSection($"{Section}:{PrivatemodeAccount.Accounts}").GetChildren().Select(child => child.Path)];
        return similar.Length == 0 ? null
            : $"The configuration has {string.Join(", ", similar.Take(MaxSuggestions))}, but the settings are read from {account.DefaultSection}.";
    }

    /// <summary>Returns whether this is a section with a similar name, or a variable that probably contains the API key.</summary>
    private static bool IsLikeOurs(IConfigurationSection child)
    {
        (string name, string ours) = (Letters(child.Key), Letters(PrivatemodeAccount.Section));
        return child.Value is null
            ? name.StartsWith(ours, StringComparison.Ordinal) || EditDistance.Of(name, ours) <= 2
            : name.StartsWith(ours, StringComparison.Ordinal) && name.EndsWith("key", StringComparison.Ordinal)
                && child.Key != PrivatemodeOptions.ApiKeyEnvironmentVariable;
    }

    private static string[] MostSimilar(string unknown, IEnumerable<string> known)
    {
        string[] parts = unknown.Split(':');
        if (parts.Length > 2 && EditDistance.Of(Letters(parts[0]), Letters(PrivatemodeAccount.Accounts)) <= 2)
        {
            return [$"{PrivatemodeAccount.Accounts}:{string.Join(':', parts[1..])}"];
        }

        // Entries of lists and settings of other accounts are not suggested.
        IGrouping<int, string>? best = known
            .Where(name => !LastPart(name).All(char.IsAsciiDigit))
            .Where(name => !name.StartsWith(PrivatemodeAccount.Accounts + ":", StringComparison.OrdinalIgnoreCase))
            .GroupBy(name => Math.Min(Dissimilarity(unknown, name), DissimilarityInGroup(unknown, name)))
            .Where(group => group.Key != NotSimilar)
            .MinBy(group => group.Key);
        return best is null ? [] : [.. best.Take(MaxSuggestions)];
    }

    /// <summary>Returns how different two names are: 0 if the letters and digits are the same, and more for more changes.</summary>
    private static int Dissimilarity(string unknown, string name)
    {
        (string written, string right) = (Letters(unknown), Letters(name));
        if (written == right)
        {
            return 0;
        }

        // The right name in the wrong subsection, or outside of any.
        int distance = EditDistance.Of(written, right);
        if (Letters(LastPart(unknown)) == Letters(LastPart(name)))
        {
            return unknown.Contains(':', StringComparison.Ordinal) ? 1 + distance : 1;
        }

        return distance <= Math.Clamp(right.Length / 4, 1, MaxTypos) ? 1 + distance
            : (written.Length >= 3 && right.Contains(written, StringComparison.Ordinal))
                || (right.Length >= 5 && written.Contains(right, StringComparison.Ordinal)) ? Similar
            : NotSimilar;
    }

    /// <summary>Compares a name with a setting without its group, because the group is often left out.</summary>
    private static int DissimilarityInGroup(string unknown, string name)
    {
        int end = name.IndexOf(':', StringComparison.Ordinal) + 1;
        return unknown.StartsWith(name[..end], StringComparison.OrdinalIgnoreCase) ? NotSimilar : Dissimilarity(unknown, name[end..]);
    }

    private static string LastPart(string name) => name[(name.LastIndexOf(':') + 1)..];

    private static string Letters(string name) => string.Concat(name.Where(char.IsAsciiLetterOrDigit).Select(char.ToLowerInvariant));
}
