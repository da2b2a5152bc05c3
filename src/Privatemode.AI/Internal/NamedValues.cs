using System.Text.Json;

namespace Privatemode.AI.Internal;

/// <summary>The common parts of the public structures that wrap one name. Their <see langword="default"/> value has no name.</summary>
internal static class NamedValues
{
    public static string Validate(string value)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(value);
        return value;
    }

    /// <summary>Returns the name in a JSON string, or null if it is empty or white space.</summary>
    public static string? Read(ref Utf8JsonReader reader) => reader.GetString() is { } name && !string.IsNullOrWhiteSpace(name) ? name : null;

    public static void Write(Utf8JsonWriter writer, string? name)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStringValue(name ?? "");
    }
}
