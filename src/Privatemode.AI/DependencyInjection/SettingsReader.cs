using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace Privatemode.AI.DependencyInjection;

/// <summary>Reads settings by their keys and refuses all others, so that a misspelled setting does not silently keep its default.</summary>
internal sealed class SettingsReader(IConfigurationSection section)
{
    private readonly HashSet<string> _known = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, SettingForm> _forms = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<PrivatemodeConfigurationException> _faults = [];

    /// <summary>The settings that were read, in order, with their accepted values.</summary>
    public IReadOnlyDictionary<string, SettingForm> Forms => _forms;

    /// <summary>The faults of this section.</summary>
    public IReadOnlyList<PrivatemodeConfigurationException> Faults => _faults;

    /// <summary>Returns the text of a setting, or null if it does not exist. An empty text is refused, because no setting accepts it.</summary>
    public string? Text(string key, SettingForm form)
    {
        _ = _known.Add(key);
        _forms[key] = form;
        return section[key] is not { } value ? null
            : value.Length > 0 ? value
            : Refuse<string>(key, "The value is empty. Set a value, or remove the setting.");
    }

    /// <summary>Returns a list, which is an array or one text with commas; null if it does not exist.</summary>
    public string[]? List(string key, SettingForm form)
    {
        string[]? fromText = Text(key, form with { IsList = true })?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        IConfigurationSection[] items = [.. section.GetSection(key).GetChildren()];
        foreach (IConfigurationSection item in items)
        {
            _ = _known.Add($"{key}:{item.Key}");
        }

        // Neither form may silently win: an operator may have meant the other, for example to pin another manifest.
        return items.Length == 0 ? fromText
            : fromText is not null ? Refuse<string[]>(key, "The list is set twice: in one text and as separate entries. Remove one of them.")
            : items.All(item => item.Value is not null) ? [.. items.Select(item => item.Value!)]
            : Refuse<string[]>(key, "The value must be a list of strings.");
    }

    /// <summary>Returns a parsed value, or null if the setting does not exist.</summary>
    /// <param name="key">The setting.</param>
    /// <param name="form">The values it accepts.</param>
    /// <param name="parse">Returns the value, or null if the text does not have that form.</param>
    /// <param name="expected">The expected text, for the error.</param>
    public T? Value<T>(string key, SettingForm form, Func<string, T?> parse, string expected)
        where T : struct
    {
        if (Text(key, form) is not { } text)
        {
            return null;
        }

        T? value = parse(text);
        if (value is null)
        {
            // A value in the wrong place can be an API key, so it is not shown.
            Refuse(key, $"The value (length {text.Length}) is not {expected}.");
        }

        return value;
    }

    /// <summary>Returns an absolute address, or null if the setting does not exist.</summary>
    public Uri? Address(string key, string form) => Text(key, new SettingForm(form)) is not { } text ? null
        : Uri.TryCreate(text, UriKind.Absolute, out Uri? address) ? address
        : Refuse<Uri>(key, "The value is not an absolute URL, for example https://api.privatemode.ai.");

    public bool? Flag(string key) =>
        Value<bool>(key, SettingForm.Flag, text => bool.TryParse(text, out bool value) ? value : null, "true or false");

    public int? Count(string key, int most) => Value<int>(
        key, SettingForm.Range(1, most),
        text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count) ? count : null, "a number");

    // Exactly and in full: the platform also reads 1 as a day, 10:00 as ten hours and, in its lenient form, 24:00:00 as twenty-four days.
    public TimeSpan? Time(string key, SettingForm form) => Value<TimeSpan>(
        key, form,
        text => text.Count(':') == 2 && TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out TimeSpan time) ? time : null,
        "a time in the form [days.]hours:minutes:seconds. Write 00:00:30 for 30 seconds, 00:10:00 for 10 minutes, 1.00:00:00 for a day");

    /// <summary>Returns Base64-encoded bytes of the specified size, or null if the setting does not exist.</summary>
    public ReadOnlyMemory<byte>? Bytes(string key, int size) => Value<ReadOnlyMemory<byte>>(
        key, SettingForm.Bytes(size),
        text => new byte[size] is var bytes && Convert.TryFromBase64String(text, bytes, out int length) && length == size

            // A null array would be converted to memory that is empty, not to null.
            ? new ReadOnlyMemory<byte>?(bytes)
            : null,
        SettingForm.Bytes(size).Text);

    public T? Name<T>(string key)
        where T : struct, Enum => Value<T>(
            key, SettingForm.OneOf<T>(),
            text => Enum.GetNames<T>().Contains(text, StringComparer.OrdinalIgnoreCase) ? Enum.Parse<T>(text, ignoreCase: true) : null,
            $"one of {SettingForm.OneOf<T>().Choices}");

    /// <summary>The full name of a setting in the configuration.</summary>
    public string NameOf(string key) => $"{section.Path}:{key}";

    /// <summary>Records that a setting is invalid. It is then treated as not set, so that all invalid settings are reported together.</summary>
    public void Refuse(string key, string message)
    {
        string name = NameOf(key);
        if (_faults.All(fault => fault.Setting != name))
        {
            _faults.Add(new PrivatemodeConfigurationException(name, $"{name}: {message}"));
        }
    }

    /// <inheritdoc cref="Refuse(string, string)"/>
    /// <returns>Null.</returns>
    public T? Refuse<T>(string key, string message)
        where T : class
    {
        Refuse(key, message);
        return null;
    }

    /// <summary>Leaves a subsection to another reader.</summary>
    public void Skip(string key)
    {
        foreach ((string name, _) in section.GetSection(key).AsEnumerable(makePathsRelative: true))
        {
            _ = _known.Add($"{key}:{name}");
        }
    }

    /// <summary>Refuses all settings that were not read, each with the name that was probably meant.</summary>
    public void RefuseOthers()
    {
        string[] others = [.. section.AsEnumerable(makePathsRelative: true)
            .Where(entry => entry.Value is not null && entry.Key.Length > 0 && !_known.Contains(entry.Key))
            .Select(entry => entry.Key)
            .Order(StringComparer.OrdinalIgnoreCase)];
        foreach (string other in others)
        {
            Refuse(other, $"There is no such setting. {SettingNames.Advise(other, _known)}");
        }
    }
}

/// <summary>The values that a setting accepts. Errors name them, and the table in docs/settings.md is generated from them.</summary>
/// <param name="Text">A description of the values, such as a range, or more information about <paramref name="Names"/>.</param>
/// <param name="Names">The values, if there is a fixed set of them.</param>
internal sealed record SettingForm(string Text, params IReadOnlyList<string> Names)
{
    public static SettingForm Flag { get; } = new("", "true", "false");

    /// <summary>Whether there may be several values.</summary>
    public bool IsList { get; init; }

    /// <summary>The purpose of a setting that is not a member of the options. (For members, their XML comment is used.)</summary>
    public string? Meaning { get; init; }

    /// <summary>The values in a sentence.</summary>
    public string Choices => string.Join(", ", Names);

    public static SettingForm OneOf<T>()
        where T : struct, Enum => new("", Enum.GetNames<T>());

    public static SettingForm Range(int least, int most) => new(string.Create(CultureInfo.InvariantCulture, $"from {least} to {most}"));

    public static SettingForm Range(TimeSpan shortest, TimeSpan longest) => new($"from {shortest:c} to {longest:c}");

    public static SettingForm Bytes(int size) => new(string.Create(CultureInfo.InvariantCulture, $"base64 of {size} random bytes"));

    public static SettingForm UpTo(TimeSpan longest) => new($"longer than 00:00:00, at most {longest:c}");
}
