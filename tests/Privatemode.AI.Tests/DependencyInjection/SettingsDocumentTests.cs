using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.Configuration;
using Privatemode.AI.DependencyInjection;
using Privatemode.AI.Tests.Architecture;

namespace Privatemode.AI.Tests.DependencyInjection;

/// <summary>Options, settings and the document are three lists of the same: what is new in one must come into the others.</summary>
public sealed class SettingsDocumentTests
{
    private static readonly Type[] Policies = [typeof(ManifestPolicy), typeof(GpuRevocationPolicy), typeof(PromptCacheScope)];
    private static readonly string[] Document = File.ReadAllLines(Path.Combine(RepositoryFiles.Root, "docs", "settings.md"));

    [Fact]
    public void Options_Each_HasASettingOrIsDocumentedAsCodeOnly()
    {
        string[] settings = [.. Known().Select(OptionOf).Distinct()];
        IEnumerable<string> codeOnly = Table("option").Select(row => row[0]).Where(name => !IsWayToMakeAPolicy(name));
        Assert.Equal(Options().Keys.Order(), settings.Concat(codeOnly).Order());
        Assert.Equal(NamesOf(typeof(HardwarePolicy)), Below("Verification:Hardware"));
    }

    [Fact]
    public void CodeOnly_OfTheDocument_AreThoseThatErrorsName() => Assert.Equal(
        SettingNames.CodeOnly.Order(), Table("option").Select(row => row[0]).Where(name => !IsWayToMakeAPolicy(name)).Order());

    [Fact]
    public void Policies_EachWayToMakeOne_IsAModeOrDocumentedAsCodeOnly()
    {
        IEnumerable<string> ways = Policies.SelectMany(policy => policy.GetMembers(BindingFlags.Public | BindingFlags.Static)
            .Where(member => member is PropertyInfo or MethodInfo { IsSpecialName: false }).Select(member => $"{policy.Name}.{member.Name}"));
        IEnumerable<string> modes = Modes("Verification:Manifest:Mode", nameof(ManifestPolicy))
            .Concat(Modes("Verification:GpuRevocation:Mode", nameof(GpuRevocationPolicy))).Concat(Modes("PromptCache:Scope", nameof(PromptCacheScope)));
        IEnumerable<string> codeOnly = Table("option").Select(row => row[0]).Where(IsWayToMakeAPolicy);
        Assert.Equal(ways.Distinct().Order(), modes.Concat(codeOnly).Order());
    }

    [Fact]
    public void Settings_OfTheDocument_AreThoseThatAreRead() => Assert.Equal(Known().Order(), Table("setting").Select(row => row[0]).Order());

    [Fact]
    public void Defaults_OfTheDocument_AreThose()
    {
        int compared = 0;
        foreach (string[] row in Table("setting").Where(row => Options().ContainsKey(row[0].Replace(':', '.'))))
        {
            object? value = Options()[row[0].Replace(':', '.')].Default;
            if (value is not (null or PromptCacheScope))
            {
                string text = value is bool flag ? (flag ? "true" : "false") : Convert.ToString(value, CultureInfo.InvariantCulture)!;
                Assert.Equal($"`{text.TrimEnd('/')}`", row[2]);
                compared++;
            }
        }

        Assert.Equal(10, compared);
    }

    [Fact]
    public void Values_OfTheDocument_AreThoseOfTheEnumerations()
    {
        foreach ((string option, (Type type, _)) in Options().Where(option => option.Value.Type.IsEnum))
        {
            string values = Table("setting").Single(row => row[0] == option.Replace('.', ':'))[1];
            Assert.Equal(Enum.GetNames(type), values.Split(", ").Select(name => name.Trim('`')));
        }
    }

    /// <summary>All options by their paths, those in groups included.</summary>
    private static Dictionary<string, (Type Type, object? Default)> Options()
    {
        PrivatemodeOptions options = new();
        return typeof(PrivatemodeOptions).GetProperties()
            .SelectMany(member => IsGroup(member)
                ? member.PropertyType.GetProperties().Select(option => ($"{member.Name}.{option.Name}", option, member.GetValue(options)))
                : [(member.Name, member, options)])
            .ToDictionary(entry => entry.Item1, entry => (entry.Item2.PropertyType, entry.Item2.GetValue(entry.Item3)));
    }

    private static bool IsGroup(PropertyInfo member) => member.SetMethod is not { IsPublic: true };

    /// <summary>The option that a setting belongs to: <c>Verification:Manifest:Mode</c> is part of <c>Verification.Manifest</c>.</summary>
    private static string OptionOf(string setting) => setting == "PromptCache:Salt" ? OptionNames.PromptCacheScope
        : Options().Keys.Single(option => $"{setting}:".StartsWith($"{option.Replace('.', ':')}:", StringComparison.Ordinal));

    private static bool IsWayToMakeAPolicy(string name) => Policies.Any(policy => name.StartsWith($"{policy.Name}.", StringComparison.Ordinal));

    private static IReadOnlySet<string> Known()
    {
        SettingsReader reader = new(new ConfigurationBuilder().Build().GetSection("Privatemode"));
        SettingsBinder.Read(reader, new PrivatemodeOptions());
        return reader.Known;
    }

    private static IEnumerable<string> Below(string key) =>
        Known().Where(name => name.StartsWith($"{key}:", StringComparison.Ordinal)).Select(name => name[(key.Length + 1)..]).Order();

    private static IEnumerable<string> NamesOf(Type options) =>
        options.GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(property => property.Name).Order();

    private static IEnumerable<string> Modes(string key, string policy) =>
        Table("setting").Single(row => row[0] == key)[1].Split(", ").Select(mode => $"{policy}.{mode.Trim('`')}");

    /// <summary>The rows of the table whose first column has this name; the first cell without its quotes.</summary>
    private static List<string[]> Table(string firstColumn)
    {
        string[][] rows = [.. Document.SkipWhile(line => !line.StartsWith($"| {firstColumn} |", StringComparison.Ordinal))
            .Skip(2).TakeWhile(line => line.StartsWith('|'))
            .Select(line => line.Trim('|', ' ').Split(" | "))];
        Assert.NotEmpty(rows);
        return [.. rows.Select(row => (string[])[row[0].Trim('`'), .. row[1..]])];
    }
}
