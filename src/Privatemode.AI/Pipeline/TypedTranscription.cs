using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Pipeline;

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
        for (int i = 0; i < opened.Count; i++)
        {
            ReadOnlySpan<byte> name = opened.NameAt(i);
            _ = opened.ValueAt(i, out JsonTokenType kind);
            bool isText = name.SequenceEqual(isDelta ? "delta"u8 : "text"u8);
            hasText |= isText && kind == JsonTokenType.String;
            if (!(isText || plain.Contains(name) || kind == JsonTokenType.Null || name.SequenceEqual("type"u8) || MayHave(name, kind, isSegment)))
            {
                return false;
            }
        }

        return hasText && (isDelta || isDone || isSegment);
    }

    private static bool MayHave(ReadOnlySpan<byte> name, JsonTokenType kind, bool isSegment) => isSegment
        ? name.SequenceEqual("id"u8) || name.SequenceEqual("speaker"u8)
            || ((name.SequenceEqual("start"u8) || name.SequenceEqual("end"u8)) && kind == JsonTokenType.Number)
        : (name.SequenceEqual("logprobs"u8) && kind == JsonTokenType.StartArray) || (name.SequenceEqual("segment_id"u8) && kind == JsonTokenType.String);
}
