using System.Text.Json.Nodes;

namespace Privatemode.AI.Peers;

/// <summary>Members of commands and results. Bytes are in base64.</summary>
internal static class Fields
{
    public static string Text(JsonObject command, string name) => OptionalText(command, name) ?? throw new ArgumentException($"The command has no \"{name}\".");

    public static string? OptionalText(JsonObject command, string name) => command[name]?.GetValue<string>();

    public static byte[] Bytes(JsonObject command, string name) => Convert.FromBase64String(Text(command, name));

    public static byte[]? OptionalBytes(JsonObject command, string name) =>
        OptionalText(command, name) is { } text ? Convert.FromBase64String(text) : null;

    public static DateTimeOffset Time(JsonObject command, string name) => DateTimeOffset.FromUnixTimeSeconds(command[name]!.GetValue<long>());

    public static JsonNode Of(ReadOnlySpan<byte> bytes) => JsonValue.Create(Convert.ToBase64String(bytes));
}

/// <summary>A refusal that is not an exception of the library.</summary>
internal sealed class RefusedException(string reason) : Exception(reason);
