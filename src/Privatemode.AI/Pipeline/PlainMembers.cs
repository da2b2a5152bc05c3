using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Pipeline;

/// <summary>The members of an answer that are not authenticated, held to their types: anybody on the path can write them.</summary>
internal static class PlainMembers
{
    private const int IdLimit = 256;
    private const int UsageDepth = 4;

    public static AnswerFault Check(OpenedDocument opened)
    {
        bool id = !opened.TryGet("id"u8, out ReadOnlySpan<byte> value, out JsonTokenType kind) || IsShortString(value, kind);
        bool usage = !opened.TryGet("usage"u8, out value, out kind) || IsUsage(value, kind);
        return id && usage ? AnswerFault.None : AnswerFault.BadPlainMember;
    }

    private static bool IsShortString(ReadOnlySpan<byte> value, JsonTokenType kind) =>
        kind == JsonTokenType.Null || (kind == JsonTokenType.String && value.Length <= IdLimit);

    /// <summary>Null, or an object of non-negative whole numbers, nulls, and objects of such.</summary>
    private static bool IsUsage(ReadOnlySpan<byte> value, JsonTokenType kind)
    {
        if (kind == JsonTokenType.Null)
        {
            return true;
        }

        Utf8JsonReader reader = new(value);
        if (kind != JsonTokenType.StartObject || !reader.Read())
        {
            return false;
        }

        while (reader.Read())
        {
            bool allowed = reader.TokenType switch
            {
                JsonTokenType.Number => reader.TryGetInt32(out int count) && count >= 0,
                JsonTokenType.StartObject => reader.CurrentDepth < UsageDepth,
                JsonTokenType.PropertyName or JsonTokenType.EndObject or JsonTokenType.Null => true,
                _ => false,
            };
            if (!allowed)
            {
                return false;
            }
        }

        return true;
    }
}
