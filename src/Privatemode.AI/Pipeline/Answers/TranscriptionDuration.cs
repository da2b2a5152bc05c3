using System.Text.Json;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>Makes the duration of a transcription readable for OpenAI's parser: the service writes a string, the parser wants a number.</summary>
/// <remarks>The duration is not authenticated; <see cref="PlainMembers"/> has checked that the string holds a number.</remarks>
internal static class TranscriptionDuration
{
    public static void Normalize(OpenedDocument opened)
    {
        if (opened.TryGet("duration"u8, out ReadOnlySpan<byte> value, out JsonTokenType kind) && kind == JsonTokenType.String)
        {
            opened.Replace("duration"u8, value[1..^1].ToArray());
        }
    }
}
