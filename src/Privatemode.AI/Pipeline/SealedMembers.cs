using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Pipeline;

/// <summary>The sealed members of an answer, held to what members of their names can hold.</summary>
/// <remarks>
/// Values are authentic and in order; their names, and where one event ends and the next begins, are not. A hop could put the values of one
/// event into the one before it, under names nobody reads, and a piece of the answer would be gone. What carries content is an array of
/// objects, so such an array is taken under the one name it belongs to. Names we do not know stay free otherwise: services add members.
/// </remarks>
internal static class SealedMembers
{
    /// <summary>Checks an answer, or an event, whose content is one array of objects.</summary>
    /// <param name="opened">The answer or event.</param>
    /// <param name="payload">Name of the member with the content.</param>
    public static AnswerFault Check(OpenedDocument opened, ReadOnlySpan<byte> payload)
    {
        for (int i = 0; i < opened.Count; i++)
        {
            ReadOnlySpan<byte> name = opened.NameAt(i);
            ReadOnlySpan<byte> value = opened.ValueAt(i, out JsonTokenType kind);
            if (name.SequenceEqual(payload) ? !IsEmptyOrOfObjects(value, kind) : JsonKind.IsArrayOfObjects(value) || !MayBe(name, kind))
            {
                return AnswerFault.RenamedMember;
            }
        }

        return AnswerFault.None;
    }

    /// <summary>Checks the whole answer to a call.</summary>
    public static AnswerFault CheckWhole(OpenedDocument opened, SealedCall call)
    {
        AnswerFault fault = call.Rule.Stream switch
        {
            StreamKind.Transcription when call.WantsTimes && !HasTimes(opened) => AnswerFault.PayloadMissing,
            StreamKind.Messages when !IsWholeMessage(opened) => AnswerFault.PayloadMissing,
            _ when call.Rule.HasMessages && HasMoreThan(opened, call.Choices) => AnswerFault.ChoiceCount,
            _ => AnswerFault.None,
        };

        // The text of a transcription is no array, and the elements of a document have no names.
        AnswerShape shape = call.Rule.Answer!;
        bool isArray = shape.PayloadKind == JsonTokenType.StartArray && !shape.Payload.IsEmpty;
        return fault == AnswerFault.None && isArray ? Check(opened, shape.Payload.Span) : fault;
    }

    /// <summary>The language comes first and is a text as well: with the rest cut off, it could be passed for the transcription.</summary>
    private static bool HasTimes(OpenedDocument opened) =>
        opened.TryGet("language"u8, out _, out JsonTokenType kind) && kind == JsonTokenType.String
        && opened.TryGet("segments"u8, out _, out kind) && kind is JsonTokenType.StartArray or JsonTokenType.Null;

    /// <summary>Without its reason an answer cut short by <c>max_tokens</c> looks whole. The role in its place keeps any other value out of it.</summary>
    private static bool IsWholeMessage(OpenedDocument opened) =>
        opened.TryGet("role"u8, out ReadOnlySpan<byte> role, out _) && role.SequenceEqual("\"assistant\""u8)
        && opened.TryGet("stop_reason"u8, out ReadOnlySpan<byte> reason, out JsonTokenType kind) && kind == JsonTokenType.String && reason.Length > 2;

    /// <summary>Whether there are more choices than were asked for.</summary>
    private static bool HasMoreThan(OpenedDocument opened, int expected)
    {
        _ = opened.TryGet("choices"u8, out ReadOnlySpan<byte> choices, out _);
        Utf8JsonReader reader = new(choices, new JsonReaderOptions { MaxDepth = JsonIndex.MaxDepth });
        int count = 0;
        try
        {
            _ = reader.Read();
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                reader.Skip();
                count++;
            }
        }
        catch (JsonException)
        {
            // Left for the client's own parser to judge.
            return false;
        }

        return count > expected;
    }

    private static bool IsEmptyOrOfObjects(ReadOnlySpan<byte> value, JsonTokenType kind) =>
        kind == JsonTokenType.StartArray && (JsonKind.IsArrayOfObjects(value) || JsonKind.IsEmptyArray(value));

    private static bool MayBe(ReadOnlySpan<byte> name, JsonTokenType kind)
    {
        if (name.SequenceEqual("created"u8))
        {
            return kind is JsonTokenType.Number or JsonTokenType.Null;
        }

        bool isText = name.SequenceEqual("model"u8) || name.SequenceEqual("object"u8)
            || name.SequenceEqual("system_fingerprint"u8) || name.SequenceEqual("service_tier"u8);
        return !isText || kind is JsonTokenType.String or JsonTokenType.Null;
    }
}
