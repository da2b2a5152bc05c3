using System.Text;

namespace Privatemode.AI.Tests.Fakes;

/// <summary>Files that begin like recordings.</summary>
internal static class Recording
{
    /// <summary>A WAV file of silence, so many bytes altogether, with a text somewhere in it.</summary>
    public static byte[] Wave(int size = 200, string text = "")
    {
        byte[] file = new byte[Math.Max(size, 44 + text.Length)];
        "RIFF"u8.CopyTo(file);
        BitConverter.TryWriteBytes(file.AsSpan(4), file.Length - 8);
        "WAVEfmt "u8.CopyTo(file.AsSpan(8));
        Encoding.UTF8.GetBytes(text).CopyTo(file, 44);
        return file;
    }
}
