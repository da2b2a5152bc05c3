using System.Text.Json;

namespace Privatemode.AI.Tests.Testing.Evidence;

/// <summary>What evidence says and what holds of it, as flat text: two pieces of evidence can be compared line by line.</summary>
internal sealed class Facts
{
    private const int MaxValueLength = 64;
    private const string Bad = "BAD";

    private readonly SortedDictionary<string, string> _values = new(StringComparer.Ordinal);

    public string this[string name] => _values.GetValueOrDefault(name, "-");

    /// <summary>Names of what should hold and does not.</summary>
    public IEnumerable<string> NotHolding => _values.Where(entry => entry.Value == Bad).Select(entry => entry.Key);

    public void Add(string name, string value) => _values.Add(name, value);

    public void Add(string name, bool holds) => Add(name, holds ? "good" : Bad);

    public void Add(string name, ulong value) => Add(name, $"0x{value:x}");

    public void Add(string name, byte[] value) => Add(name, value.Length == 0 ? "empty" : Convert.ToHexStringLower(value));

    public void Add(string name, DateTime value) => Add(name, value.ToUniversalTime().ToString("yyyy-MM-dd"));

    /// <summary>All members below a JSON value.</summary>
    public void Add(string name, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (JsonProperty property in value.EnumerateObject())
                {
                    string path = $"{name}.{property.Name}";
                    Add(_values.Keys.Any(key => key == path || key.StartsWith(path + ".", StringComparison.Ordinal)) ? path + "(again)" : path, property.Value);
                }

                if (!value.EnumerateObject().Any())
                {
                    Add(name, "{}");
                }

                break;
            case JsonValueKind.Array:
                int index = 0;
                foreach (JsonElement element in value.EnumerateArray())
                {
                    Add($"{name}[{index++}]", element);
                }

                break;
            default:
                Add(name, value.ToString());
                break;
        }
    }

    /// <summary>What is different in other evidence, one line; what is missing or new as a whole is named once.</summary>
    public string Differences(Facts other)
    {
        IEnumerable<string> names = _values.Keys.Union(other._values.Keys).Order(StringComparer.Ordinal).Where(name => this[name] != other[name]);
        return string.Join("; ", names.Select(name => Describe(name, other)).Distinct());
    }

    private string Describe(string name, Facts other) =>
        !other._values.ContainsKey(name) ? $"{other.FirstMissing(name)} gone"
        : !_values.ContainsKey(name) ? $"{FirstMissing(name)} new{(FirstMissing(name) == name ? $": {Short(other[name])}" : "")}"
        : $"{name} {Short(this[name])} -> {Short(other[name])}";

    // The shortest beginning of the name, at a dot, under which nothing is here.
    private string FirstMissing(string name)
    {
        for (int dot = name.IndexOf('.'); dot > 0; dot = name.IndexOf('.', dot + 1))
        {
            string prefix = name[..dot];
            if (!_values.Keys.Any(key => key == prefix || key.StartsWith(prefix + ".", StringComparison.Ordinal)))
            {
                return prefix;
            }
        }

        return name;
    }

    // Lists of names stay whole.
    private static string Short(string value) => value.Length <= MaxValueLength || value.Contains(',') ? value : value[..10] + "…" + value[^10..];
}
