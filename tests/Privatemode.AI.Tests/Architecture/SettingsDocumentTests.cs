using Privatemode.AI.DependencyInjection;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Tests.Architecture;

/// <summary>Options, settings and docs/settings.md are three lists of the same: what is new in one must come into the others.</summary>
public sealed class SettingsDocumentTests
{
    private static readonly string[] Lines = File.ReadAllLines(SettingsDocument.FilePath);

    [Fact]
    public void Document_IsWhatTheOptionsSay()
    {
        string document = File.ReadAllText(SettingsDocument.FilePath);
        string generated = SettingsDocument.Generate(document);
        if (Environment.GetEnvironmentVariable(SettingsDocument.WriteVariable) == "1")
        {
            File.WriteAllText(SettingsDocument.FilePath, generated);
            return;
        }

        Assert.True(
            document == generated,
            $"docs/settings.md is out of date. Run: {SettingsDocument.WriteVariable}=1 dotnet test tests/Privatemode.AI.Tests " +
            $"--filter {nameof(SettingsDocumentTests)}");
    }

    /// <summary>A new option is read from the configuration, or stands in the list of those that are set in code.</summary>
    [Fact]
    public void Options_Each_AreInExactlyOneOfTheTables()
    {
        IEnumerable<string> bound = SettingsDocument.Settings.Keys.Select(setting => SettingsDocument.OptionOf(setting)!).Distinct();
        Assert.Equal(SettingsDocument.Options.Keys.Order(), bound.Concat(SettingNames.CodeOnly).Order());
        Assert.Equal(
            SettingsDocument.Settings.Keys.Concat(SettingNames.CodeOnly).Concat(SettingsDocument.WaysInCode).Order(),
            Lines.Where(line => line.StartsWith("| `", StringComparison.Ordinal)).Select(line => line.Split('`')[1]).Order());
    }

    /// <summary>What is safe only in tests is set by code that a test contains, never by a file or an environment variable.</summary>
    [Fact]
    public void Insecure_Options_AreNoSettings()
    {
        string[] insecure = [.. SettingsDocument.Options.Keys.Where(option => option.Contains("Insecure", StringComparison.Ordinal))];
        Assert.Equal(2, insecure.Length);
        Assert.All(insecure, option => Assert.Contains(option, SettingNames.CodeOnly));
        Assert.DoesNotContain(SettingsDocument.Settings.Keys, setting => setting.Contains("Insecure", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public void Hardware_EachMember_HasASetting() => Assert.Equal(
        typeof(HardwarePolicy).GetProperties().Where(member => !member.GetMethod!.IsStatic).Select(member => $"Verification:Hardware:{member.Name}").Order(),
        SettingsDocument.Settings.Keys.Where(setting => SettingsDocument.OptionOf(setting) == OptionNames.Hardware).Order());

    [Fact]
    public void Cells_OfTheTables_SaySomething() => Assert.All(
        Lines.Where(line => line.StartsWith('|')), line => Assert.DoesNotContain(line.Trim('|').Split(" | "), string.IsNullOrWhiteSpace));
}
