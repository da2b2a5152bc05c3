using System.Text;
using Microsoft.Extensions.AI;
using Privatemode.AI;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Services;

namespace Privatemode.Tool.Chat;

/// <summary>Reads the attachments of a prompt: images, documents, and text from stdin.</summary>
internal static class Attachments
{
    public const int MaxImageSize = 20 << 20;
    public const int MaxInputSize = 4 << 20;

    /// <summary>The maximum number of words that fit into the context windows of the models.</summary>
    public const int MaxWords = 70_000;

    /// <exception cref="ToolException">The file cannot be read, is too large, or is not a supported image.</exception>
    public static DataContent ReadImage(string path, ToolContext context)
    {
        byte[] image = Read("--image", path, MaxImageSize, context);
        return new DataContent(image, MediaTypeOf(image) ?? throw ToolException.Setup($"--image: \"{path}\" is not a PNG, JPEG, WebP or GIF image."));
    }

    /// <summary>Extracts the text of a document in the verified deployment.</summary>
    /// <exception cref="ToolException">The file cannot be read.</exception>
    public static async Task<string> ReadDocumentAsync(string path, PrivatemodeClient client, ToolContext context, CancellationToken stop)
    {
        FileStream file;
        try
        {
            file = File.OpenRead(context.FullPath(path));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw ToolException.Setup($"--file: \"{path}\" cannot be read: {FileErrors.Describe(exception)}.", exception);
        }

        await using (file)
        {
            PartitionedDocument document = await client.Documents.PartitionAsync(file, Path.GetFileName(path), cancellationToken: stop);
            return document.Text;
        }
    }

    /// <summary>Reads all of stdin.</summary>
    /// <exception cref="ToolException">The input is too long or is not UTF-8.</exception>
    public static async Task<string> ReadInputAsync(IConsoleStreams console, CancellationToken stop)
    {
        using MemoryStream bytes = await console.ReadBytesAsync(MaxInputSize, stop)
            ?? throw ToolException.Setup($"The input has more than {MaxInputSize >> 20} MiB.");
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes.GetBuffer(), 0, (int)bytes.Length).TrimEnd();
        }
        catch (DecoderFallbackException exception)
        {
            throw ToolException.Setup("The input is not UTF-8 text. Use --file for documents and --image for images.", exception);
        }
    }

    /// <exception cref="ToolException">The texts have more words than the models can read.</exception>
    public static void RequireReadable(IEnumerable<string> texts)
    {
        int words = texts.Sum(CountWords);
        if (words > MaxWords)
        {
            throw ToolException.Setup($"The conversation has {words} words. Models read at most about {MaxWords}. Shorten it.");
        }
    }

    private static int CountWords(string text)
    {
        int words = 0;
        bool isInside = false;
        foreach (char character in text)
        {
            bool isSpace = char.IsWhiteSpace(character);
            words += !isSpace && !isInside ? 1 : 0;
            isInside = !isSpace;
        }

        return words;
    }

    private static byte[] Read(string flag, string path, int largest, ToolContext context)
    {
        try
        {
            FileInfo file = new(context.FullPath(path));
            return file.Length > largest
                ? throw ToolException.Setup($"{flag}: \"{path}\" has more than {largest >> 20} MiB.")
                : File.ReadAllBytes(file.FullName);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw ToolException.Setup($"{flag}: \"{path}\" cannot be read: {FileErrors.Describe(exception)}.", exception);
        }
    }

    private static string? MediaTypeOf(ReadOnlySpan<byte> bytes) =>
        bytes.StartsWith((ReadOnlySpan<byte>)[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) ? "image/png"
        : bytes.StartsWith((ReadOnlySpan<byte>)[0xff, 0xd8, 0xff]) ? "image/jpeg"
        : bytes.StartsWith("GIF87a"u8) || bytes.StartsWith("GIF89a"u8) ? "image/gif"
        : bytes.Length > 12 && bytes.StartsWith("RIFF"u8) && bytes[8..].StartsWith("WEBP"u8) ? "image/webp"
        : null;
}
