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

    /// <summary>The name in a JSON string; null for anything else.</summary>
    public static string? Read(ref Utf8JsonReader reader) => reader.GetString() is { } name && !string.IsNullOrWhiteSpace(name) ? name : null;

    public static void Write(Utf8JsonWriter writer, string? name)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStringValue(name ?? "");
    }
}
