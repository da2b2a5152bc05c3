using System.Collections.Frozen;

namespace Privatemode.AI.Internal;

/// <summary>Media types as they are compared and sent: lower case, without parameters, under their registered name.</summary>
internal static class MediaTypes
{
    public const string Mp3 = "audio/mpeg";
    public const string Pdf = "application/pdf";
    public const string Wave = "audio/wav";

    // Aliases that browsers, mail programs and audio libraries write.
    private static readonly FrozenDictionary<string, string> Registered = new Dictionary<string, string>
    {
        ["application/acrobat"] = Pdf,
        ["application/x-gzip"] = "application/gzip",
        ["application/x-pdf"] = Pdf,
        ["audio/m4a"] = "audio/mp4",
        ["audio/mp3"] = Mp3,
        ["audio/mpeg3"] = Mp3,
        ["audio/mpg"] = Mp3,
        ["audio/mpga"] = Mp3,
        ["audio/vnd.wave"] = Wave,
        ["audio/wave"] = Wave,
        ["audio/x-flac"] = "audio/flac",
        ["audio/x-m4a"] = "audio/mp4",
        ["audio/x-mp3"] = Mp3,
        ["audio/x-mpeg"] = Mp3,
        ["audio/x-mpeg-3"] = Mp3,
        ["audio/x-ogg"] = "audio/ogg",
        ["audio/x-pn-wav"] = Wave,
        ["audio/x-wav"] = Wave,
        ["image/jpg"] = "image/jpeg",
        ["image/pjpeg"] = "image/jpeg",
        ["image/tif"] = "image/tiff",
        ["image/x-bmp"] = "image/bmp",
        ["image/x-ms-bmp"] = "image/bmp",
        ["image/x-png"] = "image/png",
        ["image/x-tiff"] = "image/tiff",
        ["image/x-webp"] = "image/webp",
        ["text/x-markdown"] = "text/markdown",
    }.ToFrozenDictionary();

    /// <summary>Returns the media type in lower case, under its registered name and without parameters, which can contain a file name.</summary>
    public static string Normalize(string mediaType)
    {
        string bare = mediaType.Split(';')[0].Trim().ToLowerInvariant();
        return Registered.GetValueOrDefault(bare, bare);
    }
}
