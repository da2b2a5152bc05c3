using System.Security.Cryptography;
using Privatemode.Tool.Services;

namespace Privatemode.Tool.App;

/// <summary>
/// The key under which the page encrypts the conversations that it keeps in the browser. It is a file that only the user can read: a program that listens
/// on the same port later has the same origin and gets what the browser stored, but not this key.
/// </summary>
/// <param name="state">The directory of the file.</param>
internal sealed class StorageKey(StateDirectory state)
{
    /// <summary>The size of the key in bytes.</summary>
    public const int Size = 32;

    private const string FileName = "app-storage.key";

    private readonly Lock _gate = new();

    private string File => Path.Combine(state.Path, FileName);

    /// <summary>Reads the key, or creates it.</summary>
    public byte[] Read()
    {
        lock (_gate)
        {
            if (System.IO.File.Exists(File) && System.IO.File.ReadAllBytes(File) is { Length: Size } key)
            {
                return key;
            }

            return Write();
        }
    }

    /// <summary>Replaces the key. Data that the old key encrypted can no longer be decrypted.</summary>
    public void Replace()
    {
        lock (_gate)
        {
            CryptographicOperations.ZeroMemory(Write());
        }
    }

    private byte[] Write()
    {
        byte[] key = RandomNumberGenerator.GetBytes(Size);
        _ = state.Create();
        string temporary = $"{File}.{Guid.NewGuid():N}";
        using (FileStream file = StateDirectory.CreateFile(temporary, FileMode.CreateNew))
        {
            file.Write(key);
            file.Flush(flushToDisk: true);
        }

        System.IO.File.Move(temporary, File, overwrite: true);
        return key;
    }
}
