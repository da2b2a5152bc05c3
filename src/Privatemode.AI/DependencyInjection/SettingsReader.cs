using Microsoft.Extensions.Configuration;

namespace Privatemode.AI.DependencyInjection;

/// <summary>Reads settings by their keys and refuses those that were not read: a misspelt setting must not silently get its default.</summary>
internal sealed class SettingsReader(IConfigurationSection section)
{
    private readonly HashSet<string> _known = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<PrivatemodeConfigurationException> _faults = [];

    /// <summary>The settings that were asked for.</summary>
    public IReadOnlySet<string> Known => _known;

    /// <summary>What is wrong with this section.</summary>
    public IReadOnlyList<PrivatemodeConfigurationException> Faults => _faults;

    /// <summary>The text of a setting; null when it is not there. An empty one is refused, it is no value of any setting.</summary>
    public string? Text(string key)
    {
        _ = _known.Add(key);
        return section[key] is not { } value ? null
            : value.Length > 0 ? value
            : Refuse<string>(key, "The value is empty. Set a value, or remove the setting.");
    }

    /// <summary>A list, as an array or in one text with commas; null when it is not there.</summary>
    public string[]? List(string key)
    {
        string[]? fromText = Text(key)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        IConfigurationSection[] items = [.. section.GetSection(key).GetChildren()];
        foreach (IConfigurationSection item in items)
        {
            _ = _known.Add($"{key}:{item.Key}");
        }

        return items.Length == 0 ? fromText
            : items.All(item => item.Value is not null) ? [.. items.Select(item => item.Value!)]
            : Refuse<string[]>(key, "The value must be a list of strings.");
    }

    /// <summary>A value in its own form; null when it is not there.</summary>
    public T? Value<T>(string key, Func<string, T?> parse, string form)
        where T : struct
    {
        if (Text(key) is not { } text)
        {
            return null;
        }

        T? value = parse(text);
        if (value is null)
        {
            // A value in the wrong place can be an API key, so it is not shown.
            Refuse(key, $"The value (length {text.Length}) is not {form}.");
        }

        return value;
    }

    /// <summary>Records what is wrong with a setting, which then counts as not set: all faults are reported together.</summary>
    public void Refuse(string key, string message)
    {
        string name = $"{section.Path}:{key}";
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

    /// <summary>Leaves a subsection to others.</summary>
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
