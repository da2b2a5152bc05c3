using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using Privatemode.Tool.CommandLine;

namespace Privatemode.Tool.Services;

/// <summary>Reads a secret that several processes share: random bytes in base64, in a file. Arguments can be read by other users of the machine.</summary>
internal static class SecretFile
{
    private const int MaxFileSize = 4096;

    /// <param name="flag">The name of the flag, for messages.</param>
    /// <param name="value">@ and the path of the file.</param>
    /// <param name="shortest">The minimum length of the secret in bytes.</param>
    /// <param name="longest">The maximum length of the secret in bytes.</param>
    /// <param name="context">The context with the current directory, to which relative paths refer.</param>
    /// <returns>The secret, pinned in memory. Its owner zeroes it after use.</returns>
    /// <exception cref="ToolException">The file cannot be read, or does not contain such a secret.</exception>
    public static byte[] Read(string flag, string value, int shortest, int longest, ToolContext context)
    {
        if (!value.StartsWith('@'))
        {
            throw ToolException.Setup($"{flag} needs @ and the path of a file with the secret in base64");
        }

        byte[] text;
        try
        {
            text = BoundedFile.Read(context.FullPath(value[1..]), MaxFileSize);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw ToolException.Setup($"{flag}: the file \"{value[1..]}\" cannot be read: {FileErrors.Describe(exception)}", exception);
        }

        Span<byte> decoded = stackalloc byte[Base64.GetMaxDecodedFromUtf8Length(MaxFileSize)];
        try
        {
            // White space is skipped: it is the line break at the end.
            OperationStatus status = Base64.DecodeFromUtf8(text, decoded, out _, out int length);
            if (status != OperationStatus.Done || length < shortest || length > longest)
            {
                string size = shortest == longest ? $"{shortest}" : $"at least {shortest}";
                throw ToolException.Setup($"{flag}: the file must have {size} random bytes in base64, for example from: openssl rand -base64 32");
            }

            // Pinned: the garbage collector makes no copies, so that the owner can zero all of it.
            byte[] secret = GC.AllocateUninitializedArray<byte>(length, pinned: true);
            decoded[..length].CopyTo(secret);
            return secret;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(text);
            CryptographicOperations.ZeroMemory(decoded);
        }
    }
}
