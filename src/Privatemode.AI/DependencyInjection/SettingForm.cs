using System.Globalization;

namespace Privatemode.AI.DependencyInjection;

/// <summary>The values that a setting accepts. Errors name them, and the table in docs/settings.md is generated from them.</summary>
/// <param name="Text">What the values are, such as a range, or what else is to be known about <paramref name="Names"/>.</param>
/// <param name="Names">The values, if there is a fixed set of them.</param>
internal sealed record SettingForm(string Text, params IReadOnlyList<string> Names)
{
    public static SettingForm Flag { get; } = new("", "true", "false");

    /// <summary>Whether there may be several values.</summary>
    public bool IsList { get; init; }

    /// <summary>What the setting is for, if it is not a member of the options. The comment of a member says it there.</summary>
    public string? Meaning { get; init; }

    /// <summary>The values in a sentence.</summary>
    public string Choices => string.Join(", ", Names);

    public static SettingForm OneOf<T>()
        where T : struct, Enum => new("", Enum.GetNames<T>());

    public static SettingForm Range(int least, int most) => new(string.Create(CultureInfo.InvariantCulture, $"from {least} to {most}"));

    public static SettingForm Range(TimeSpan shortest, TimeSpan longest) => new($"from {shortest:c} to {longest:c}");

    public static SettingForm UpTo(TimeSpan longest) => new($"longer than 00:00:00, at most {longest:c}");
}
