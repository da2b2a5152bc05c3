namespace Privatemode.AI.Speech;

/// <summary>Knows the audio files the service takes by their first bytes, so that a file of another kind is told apart before it is uploaded.</summary>
/// <remarks>AAC in ADTS frames (.aac) looks much like MP3 and is not taken.</remarks>
internal static class AudioFormats
{
    /// <summary>For exceptions.</summary>
    public const string Names = "flac, mp3, mp4, mpeg, mpga, m4a, ogg, wav or webm";

    public static bool IsKnown(ReadOnlySpan<byte> head) =>
        IsWave(head)
        || head.StartsWith("ID3"u8)
        || IsMpegAudioFrame(head)
        || (head.Length >= 8 && head[4..].StartsWith("ftyp"u8))
        || head.StartsWith("OggS"u8)
        || head.StartsWith("fLaC"u8)
        || head.StartsWith((ReadOnlySpan<byte>)[0x1A, 0x45, 0xDF, 0xA3])

        // A program stream (.mpeg).
        || head.StartsWith((ReadOnlySpan<byte>)[0x00, 0x00, 0x01, 0xBA]);

    private static bool IsWave(ReadOnlySpan<byte> head) =>
        head.Length >= 12 && (head.StartsWith("RIFF"u8) || head.StartsWith("RF64"u8)) && head[8..].StartsWith("WAVE"u8);

    /// <summary>Eleven bits set, a version and a layer that exist (ISO/IEC 11172-3, 2.4.1.3).</summary>
    private static bool IsMpegAudioFrame(ReadOnlySpan<byte> head) =>
        head.Length >= 4 && head[0] == 0xFF && (head[1] & 0xE0) == 0xE0 && (head[1] & 0x18) != 0x08 && (head[1] & 0x06) != 0;
}
