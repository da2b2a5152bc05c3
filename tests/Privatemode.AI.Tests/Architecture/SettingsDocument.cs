using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;
using Privatemode.AI.DependencyInjection;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Tests.Architecture;

/// <summary>The tables of docs/settings.md, made from the options, their comments and what the binder accepts.</summary>
internal static partial class SettingsDocument
{
    /// <summary>Set to 1, the test writes the document instead of comparing it.</summary>
    public const string WriteVariable = "PRIVATEMODE_WRITE_DOCUMENTS";

    /// <summary>Options that are made by the static members of a type.</summary>
    private static readonly Dictionary<string, Type> Policies = new(StringComparer.Ordinal)
    {
        [OptionNames.Manifest] = typeof(ManifestPolicy),
        [OptionNames.GpuRevocation] = typeof(GpuRevocationPolicy),
        [OptionNames.PromptCacheScope] = typeof(PromptCacheScope),
    };

    public static string FilePath { get; } = Path.Combine(RepositoryFiles.Root, "docs", "settings.md");

    /// <summary>The settings that are read, with what they accept.</summary>
    public static IReadOnlyDictionary<string, SettingForm> Settings { get; } = ReadSettings();

    /// <summary>All options by their paths, those in groups included, in the order of their declarations.</summary>
    public static IReadOnlyDictionary<string, Option> Options { get; } = ReadOptions();

    /// <summary>The ways to make a policy that no setting has.</summary>
    public static IEnumerable<string> WaysInCode => Policies.Values.SelectMany(WaysToMake).Except(Policies.SelectMany(
        policy => Settings[ModeOf(policy.Key)].Names.Select(name => $"{policy.Value.Name}.{name}")));

    /// <summary>The document with its tables as they should be; the text around them is written by hand.</summary>
    public static string Generate(string document) => Replace(Replace(document, "settings", SettingsTable()), "code-only", CodeOnlyTable());

    /// <summary>The option that a setting belongs to: <c>Verification:Manifest:Mode</c> is part of <c>Verification.Manifest</c>.</summary>
    public static string? OptionOf(string setting) => setting == "PromptCache:Salt" ? OptionNames.PromptCacheScope
        : Options.Keys.SingleOrDefault(option => $"{setting}:".StartsWith($"{OptionNames.KeyOf(option)}:", StringComparison.Ordinal));

    private static string SettingsTable() => Table(
        ["setting", "what", "values", "default"],
        Settings.Select(setting => (IReadOnlyList<string>)[$"`{setting.Key}`", MeaningOf(setting.Key), ValuesOf(setting.Value), DefaultOf(setting.Key)]));

    private static string CodeOnlyTable() => Table(
        ["option", "what"],
        Options.Where(option => SettingNames.CodeOnly.Contains(option.Key))
            .Select(option => (IReadOnlyList<string>)[$"`{option.Key}`", DocumentationComments.Summary(option.Value.Member)])
            .Concat(WaysInCode.Select(way => (IReadOnlyList<string>)[$"`{way}`", DocumentationComments.Summary(way)])));

    private static string MeaningOf(string setting) => Settings[setting].Meaning ?? DocumentationComments.Summary(MemberOf(setting)!);

    private static string ValuesOf(SettingForm form)
    {
        string names = string.Join(", ", form.Names.Select(name => $"`{name}`"));
        string text = Time().Replace(form.Text, "`$0`");
        return (form.IsList ? "a list of " : "") + string.Join("; ", ((string[])[names, text]).Where(part => part.Length > 0));
    }

    private static string DefaultOf(string setting)
    {
        string option = OptionOf(setting)!;
        object? value = OptionNames.KeyOf(option) == setting ? Options[option].Default
            : MemberOf(setting) is { } member && Options[option].Default is HardwarePolicy hardware
                ? typeof(HardwarePolicy).GetProperty(member.Split('.')[1])!.GetValue(hardware)
            : setting == ModeOf(option) ? Options[option].Default
            : null;
        return value switch
        {
            null or ReadOnlyMemory<byte> { IsEmpty: true } => string.Join(
                ": ", ((string?[])["none", MemberOf(setting) is { } name ? DocumentationComments.MeaningOfNull(name) : null]).OfType<string>()),
            bool flag => flag ? "`true`" : "`false`",
            Uri address => $"`{address.OriginalString}`",
            ManifestPolicy policy => $"`{policy.GetType().Name.Replace("Manifest", "", StringComparison.Ordinal)}`",
            GpuRevocationPolicy or PromptCacheScope => $"`{value.GetType().GetProperties(BindingFlags.Public | BindingFlags.Static)
                .Single(way => ReferenceEquals(way.GetValue(null), value)).Name}`",
            _ => $"`{Convert.ToString(value, CultureInfo.InvariantCulture)}`",
        };
    }

    /// <summary>The member with the comment of a setting; null if it has none of its own.</summary>
    private static string? MemberOf(string setting)
    {
        string option = OptionOf(setting)!;
        return OptionNames.KeyOf(option) == setting ? Options[option].Member
            : option == OptionNames.Hardware ? $"{nameof(HardwarePolicy)}.{setting[(OptionNames.Hardware.Length + 1)..]}"
            : null;
    }

    /// <summary>The setting that names the way in which a policy is made.</summary>
    private static string ModeOf(string option) =>
        OptionNames.KeyOf(option) is var key && Settings.ContainsKey(key) ? key : $"{key}:Mode";

    private static IEnumerable<string> WaysToMake(Type policy) => policy.GetMembers(BindingFlags.Public | BindingFlags.Static)
        .Where(member => member is PropertyInfo or MethodInfo { IsSpecialName: false }).Select(member => $"{policy.Name}.{member.Name}").Distinct();

    private static string Table(IReadOnlyList<string> head, IEnumerable<IReadOnlyList<string>> rows) => string.Concat(
        ((IEnumerable<IReadOnlyList<string>>)[head, [.. head.Select(_ => "---")], .. rows]).Select(row => $"| {string.Join(" | ", row)} |\n"));

    private static string Replace(string document, string name, string table)
    {
        string start = $"<!-- generated: {name} -->\n";
        int from = document.IndexOf(start, StringComparison.Ordinal) + start.Length;
        int to = document.IndexOf("<!-- end -->", from, StringComparison.Ordinal);
        return $"{document[..from]}{table}{document[to..]}";
    }

    private static IReadOnlyDictionary<string, SettingForm> ReadSettings()
    {
        SettingsReader reader = new(new ConfigurationBuilder().Build().GetSection("Privatemode"));
        SettingsBinder.Read(reader, new PrivatemodeOptions());
        return reader.Forms;
    }

    private static Dictionary<string, Option> ReadOptions()
    {
        PrivatemodeOptions options = new();
        return typeof(PrivatemodeOptions).GetProperties().SelectMany(member => IsGroup(member)
            ? member.PropertyType.GetProperties().Select(option => (Path: $"{member.Name}.{option.Name}", Property: option, Owner: member.GetValue(options)))
            : [(member.Name, member, options)])
            .ToDictionary(
                option => option.Path,
                option => new Option($"{option.Property.DeclaringType!.Name}.{option.Property.Name}", option.Property.GetValue(option.Owner)));
    }

    private static bool IsGroup(PropertyInfo member) => member.SetMethod is not { IsPublic: true };

    [GeneratedRegex(@"\b(\d+\.)?\d\d:\d\d:\d\d\b")]
    private static partial Regex Time();

    /// <param name="Member">The type and the name of the member.</param>
    /// <param name="Default">Its value in new options.</param>
    internal sealed record Option(string Member, object? Default);
}
