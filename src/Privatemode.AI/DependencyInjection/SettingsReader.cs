using Microsoft.Extensions.Configuration;

namespace Privatemode.AI.DependencyInjection;

/// <summary>Reads settings by their keys, notes which there are, and names what nobody asked for: a misspelt setting must not count as its default.</summary>
internal sealed class SettingsReader(IConfigurationSection section)
{
    private readonly HashSet<string> _known = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The settings that were asked for.</summary>
    public IReadOnlySet<string> Known => _known;

    /// <summary>The text of a setting; null when it is not there. An empty one is refused, it is no value of any setting.</summary>
    public string? Text(string key)
    {
        _ = _known.Add(key);
        return section[key] is not { } value ? null
            : value.Length > 0 ? value
            : throw Refuse(key, "It is empty. Give a value, or leave it out.");
    }

    /// <summary>A list, as an array or in one text with commas; null when it is not there.</summary>
    public string[]? List(string key)
    {
        IConfigurationSection[] items = [.. section.GetSection(key).GetChildren()];
        foreach (IConfigurationSection item in items)
        {
            _ = _known.Add($"{key}:{item.Key}");
        }

        string[]? fromText = Text(key)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return items.Length == 0 ? fromText : [.. items.Select(item => item.Value ?? throw Refuse(key, "It is a list of texts."))];
    }

    /// <summary>A value in its own form; null when it is not there.</summary>
    public T? Value<T>(string key, Func<string, T?> parse, string form)
        where T : struct => Text(key) is not { } text ? null : parse(text)

            // What stands in the wrong place may be a key: nothing of it is shown.
            ?? throw Refuse(key, $"The value, {text.Length} characters long, is not {form}.");

    public PrivatemodeConfigurationException Refuse(string key, string message)
    {
        string name = $"{section.Path}:{key}";
        return new PrivatemodeConfigurationException(name, $"{name}: {message}");
    }

    /// <summary>Leaves a subsection to others.</summary>
    public void Skip(string key)
    {
        foreach ((string name, _) in section.GetSection(key).AsEnumerable(makePathsRelative: true))
        {
            _ = _known.Add($"{key}:{name}");
        }
    }

    /// <exception cref="PrivatemodeConfigurationException">There are settings nobody asked for; it names them all.</exception>
    public void DemandNoOthers()
    {
        string[] others = [.. section.AsEnumerable(makePathsRelative: true)
            .Where(entry => entry.Value is not null && entry.Key.Length > 0 && !_known.Contains(entry.Key))
            .Select(entry => $"{section.Path}:{entry.Key}")
            .Order(StringComparer.OrdinalIgnoreCase)];
        if (others.Length > 0)
        {
            throw new PrivatemodeConfigurationException(
                others[0], $"{string.Join(", ", others)}: there is no such setting. Correct the spelling, or take it out.");
        }
    }
}
