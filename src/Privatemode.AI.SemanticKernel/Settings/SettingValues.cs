using System.Collections;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Privatemode.AI.SemanticKernel.Settings;

/// <summary>Converts values of settings from code, JSON or YAML: numbers of any type, strings, or <see cref="JsonElement"/>.</summary>
internal static class SettingValues
{
    /// <summary>Whether a value is neither null nor JSON null.</summary>
    public static bool IsSet(object? value) => value is not (null or JsonElement { ValueKind: JsonValueKind.Null or JsonValueKind.Undefined });

    /// <summary>Returns the value, with a <see cref="JsonNode"/> converted to a <see cref="JsonElement"/>.</summary>
    /// <exception cref="PrivatemodeRequestException">The node contains a value that JSON cannot express.</exception>
    public static object? NodeToElement(string name, object? value)
    {
        try
        {
            return value is JsonNode node ? JsonSerializer.SerializeToElement(node) : value;
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException)
        {
            throw Wrong(name, "valid JSON");
        }
    }

    /// <summary>Converts a number to the type of the request.</summary>
    /// <exception cref="PrivatemodeRequestException">The number is NaN, infinite or too large.</exception>
    public static float? ToSingle(string name, double? value) =>
        value is not { } number || float.IsFinite((float)number) ? (float?)value : throw Wrong(name, "a finite number");

    public static double ToDouble(string name, object value) => value switch
    {
        double number => number,
        float number => double.Parse(number.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture),
        JsonElement { ValueKind: JsonValueKind.Number } element when element.TryGetDouble(out double number) => number,
        _ when Text(value) is { } text && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) => number,
        _ when IsInteger(value) => Convert.ToDouble(value, CultureInfo.InvariantCulture),
        decimal number => (double)number,
        _ => throw Wrong(name, "a number"),
    };

    public static long ToInteger(string name, object value) => value switch
    {
        JsonElement { ValueKind: JsonValueKind.Number } element when element.TryGetInt64(out long number) => number,
        _ when IsInteger(value) && value is not ulong => Convert.ToInt64(value, CultureInfo.InvariantCulture),
        _ => ToWhole(name, value),
    };

    public static int ToInt32(string name, object value) => ToInteger(name, value) is >= int.MinValue and <= int.MaxValue and long number
        ? (int)number
        : throw Wrong(name, "a 32-bit integer");

    public static bool ToBoolean(string name, object value) => value switch
    {
        bool flag => flag,
        JsonElement { ValueKind: JsonValueKind.True or JsonValueKind.False } element => element.GetBoolean(),
        _ => bool.TryParse(Text(value), out bool flag) ? flag : throw Wrong(name, "true or false"),
    };

    public static string ToText(string name, object value) => Text(value) ?? throw Wrong(name, "a string");

    /// <summary>Returns a list of strings; a single string is a list with one element.</summary>
    public static IList<string> ToTexts(string name, object value) => value switch
    {
        JsonElement { ValueKind: JsonValueKind.Array } element => [.. element.EnumerateArray().Select(item => ToText(name, item))],
        _ when Text(value) is { } text => [text],
        IEnumerable items => [.. items.Cast<object?>().Select(item => ToText(name, item ?? throw Wrong(name, "a list of strings")))],
        _ => throw Wrong(name, "a list of strings"),
    };

    public static IDictionary<int, int> ToBiases(string name, object value)
    {
        Dictionary<int, int> biases = [];
        foreach ((string token, object? bias) in ToMembers(name, value))
        {
            if (!int.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out int id) || bias is null || !biases.TryAdd(id, ToInt32(name, bias)))
            {
                throw Wrong(name, "an object that maps token IDs to integers, without duplicates");
            }
        }

        return biases;
    }

    /// <summary>Returns the members of a JSON object or of a dictionary of any type, in order.</summary>
    public static IReadOnlyList<KeyValuePair<string, object?>> ToMembers(string name, object value)
    {
        switch (value)
        {
            case JsonElement { ValueKind: JsonValueKind.Object } element:
                return [.. element.EnumerateObject().Select(member => KeyValuePair.Create<string, object?>(member.Name, member.Value))];
            case IEnumerable<KeyValuePair<string, object?>> members:
                return [.. members];
            case IDictionary members:
                List<KeyValuePair<string, object?>> all = [];
                foreach (DictionaryEntry member in members)
                {
                    all.Add(new(Convert.ToString(member.Key, CultureInfo.InvariantCulture)!, member.Value));
                }

                return all;
            default:
                throw Wrong(name, "a JSON object or a dictionary");
        }
    }

    /// <exception cref="PrivatemodeRequestException">The setting already has a value.</exception>
    public static void ThrowIfSet(string name, object? current)
    {
        if (current is not null)
        {
            throw new PrivatemodeRequestException(
                MemberOf(name), $"The setting '{name}' is set twice: under two names, or as a property and in ExtensionData. Set it once.");
        }
    }

    public static PrivatemodeRequestException Wrong(string name, string expected) => new(
        MemberOf(name), $"The setting '{name}' is not {expected}. Correct its value, or leave it unset.");

    /// <summary>Returns the name of a setting in exceptions.</summary>
    public static string MemberOf(string name) => $"PromptExecutionSettings.{name}";

    private static long ToWhole(string name, object value)
    {
        // Serializers may write 42 as 42.0, and values in YAML are strings.
        double number = ToDouble(name, value);
        return number is >= -(1L << 53) and <= 1L << 53 && Math.Truncate(number) == number ? (long)number : throw Wrong(name, "an integer");
    }

    private static bool IsInteger(object value) => value is byte or sbyte or short or ushort or int or uint or long or ulong;

    private static string? Text(object? value) => value switch
    {
        string text => text,
        JsonElement { ValueKind: JsonValueKind.String } element => element.GetString(),
        _ => null,
    };
}
