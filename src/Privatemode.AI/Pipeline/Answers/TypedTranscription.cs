using System.Text.Json;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>The events of a transcription in the form of OpenAI's own service, held to the members of their type.</summary>
/// <remarks>
/// Its content is a text, and looks like any other. So the names of each type are listed, with their kinds: no event has room for the
/// two texts of another one. See <see cref="SealedMembers"/>.
/// </remarks>
internal static class TypedTranscription
{
    /// <param name="opened">The event.</param>
    /// <param name="type">The raw value of its type.</param>
    /// <param name="plain">Names of members that are not sealed.</param>
    public static bool IsRight(OpenedDocument opened, ReadOnlySpan<byte> type, PlainNames plain)
    {
        bool isDelta = type.SequenceEqual("\"transcript.text.delta\""u8);
        bool isDone = type.SequenceEqual("\"transcript.text.done\""u8);
        bool isSegment = type.SequenceEqual("\"transcript.text.segment\""u8);
        bool hasText = false;
        bool hasOthers = false;
        for (int i = 0; i < opened.Count; i++)
        {
            ReadOnlySpan<byte> name = opened.NameAt(i);
            _ = opened.ValueAt(i, out JsonTokenType kind);
            bool isText = name.SequenceEqual(isDelta ? "delta"u8 : "text"u8);
            hasText |= isText && kind == JsonTokenType.String;
            if (isText || plain.Contains(name) || name.SequenceEqual("type"u8) || MayHave(name, kind, isSegment))
            {
                continue;
            }

            if (kind != JsonTokenType.Null)
            {
                return false;
            }

            hasOthers = true;
        }

        if (hasOthers)
        {
            DropEmptyOnes(opened, plain);
        }

        return hasText && (isDelta || isDone || isSegment);
    }

    /// <summary>Drops members that are null and listed for no type.</summary>
    private static void DropEmptyOnes(OpenedDocument opened, PlainNames plain) => opened.KeepOnly(
        name => plain.Contains(name) || name.SequenceEqual("type"u8) || name.SequenceEqual("delta"u8) || name.SequenceEqual("text"u8)
            || MayHave(name, JsonTokenType.Number, isSegment: true) || MayHave(name, JsonTokenType.StartArray, isSegment: false)
            || MayHave(name, JsonTokenType.String, isSegment: false));

    private static bool MayHave(ReadOnlySpan<byte> name, JsonTokenType kind, bool isSegment) => isSegment
        ? name.SequenceEqual("id"u8) || name.SequenceEqual("speaker"u8)
            || ((name.SequenceEqual("start"u8) || name.SequenceEqual("end"u8)) && kind == JsonTokenType.Number)
        : (name.SequenceEqual("logprobs"u8) && kind == JsonTokenType.StartArray) || (name.SequenceEqual("segment_id"u8) && kind == JsonTokenType.String);
}
