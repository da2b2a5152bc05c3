using System.Text;
using Privatemode.Tool.CommandLine;

namespace Privatemode.Tool.Services;

/// <summary>Reads an API key: a literal, or @ and the path of a file.</summary>
internal static class KeyReader
{
    private const int MaxFileSize = 64 * 1024;

    /// <summary>Returns the key without white space around it.</summary>
    /// <param name="value">The key, or <c>@</c> and the path of a file that contains it; null returns null.</param>
    /// <param name="context">The context that resolves relative paths.</param>
    /// <param name="emptyLiteral">The message of the exception for an empty key, or null to return null for one.</param>
    /// <exception cref="ToolException">The file cannot be read or is empty, the key is empty and <paramref name="emptyLiteral"/> is set, or the key contains
    /// white space or control characters.</exception>
    public static string? Read(string? value, ToolContext context, string? emptyLiteral = null)
    {
        if (value is null)
        {
            return null;
        }

        string key = value.StartsWith('@') ? ReadFile(value[1..], context) : value.Trim();
        if (key.Length == 0)
        {
            return emptyLiteral is null ? null : throw ToolException.Setup(emptyLiteral);
        }

        return key.Any(character => char.IsWhiteSpace(character) || char.IsControl(character))
            ? throw ToolException.Setup("The API key contains white space or control characters.")
            : key;
    }

    private static string ReadFile(string path, ToolContext context)
    {
        string text;
        try
        {
            MemoryStream file = new(BoundedFile.Read(context.FullPath(path), MaxFileSize));
            using StreamReader reader = new(file, new UTF8Encoding(false, throwOnInvalidBytes: true));
            text = reader.ReadToEnd();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw ToolException.Setup($"failed to read API key file \"{path}\": {FileErrors.Describe(exception)}", exception);
        }

        string key = text.Trim();
        return key.Length > 0 ? key : throw ToolException.Setup($"The API key file \"{path}\" is empty.");
    }
}

/// <summary>Says why a file could not be used, without repeating its path.</summary>
internal static class FileErrors
{
    public static string Describe(Exception exception) => exception switch
    {
        FileNotFoundException or DirectoryNotFoundException => "the file does not exist",
        UnauthorizedAccessException => "it is a directory, or you do not have permission",
        ArgumentException => "it is not a valid path, or the file is not UTF-8 text",
        _ => exception.Message,
    };
}
