using System.Runtime.InteropServices;
using Privatemode.AI.Encryption;

namespace Privatemode.AI.Tests.Encryption;

/// <summary>Keys of libsodium in a process that may not lock memory, and in one that has no memory mappings left. Linux only.</summary>
/// <remarks>Both states concern a whole process, so each case runs in one of its own.</remarks>
internal static class SodiumMemoryCases
{
    public const string WithoutLockedMemory = "libsodium: no locked memory";
    public const string WithoutMappings = "libsodium: no memory mappings";

    private const int LockedMemory = 8; // RLIMIT_MEMLOCK
    private const int PageSize = 4096;
    private const int MaxPages = 1 << 18;
    private const int RegionSize = MaxPages * PageSize;
    private const int ProtectRead = 1;
    private const int PrivateAnonymous = 0x22;
    private static readonly nint Failed = -1;
    private static readonly byte[] Bytes = [.. Enumerable.Repeat((byte)7, AesGcmKey.Size)];

    /// <summary>Runs a case; false if the name is that of another one.</summary>
    public static bool TryRun(string name)
    {
        switch (name)
        {
            case WithoutLockedMemory:
                RunWithoutLockedMemory();
                return true;
            case WithoutMappings:
                RunWithoutMappings();
                return true;
            default:
                return false;
        }
    }

    private static void RunWithoutLockedMemory()
    {
        // A container: no limit to raise, and no capability to ignore it. Capabilities are those of a thread.
        Assert.Equal(0, SetLimit(LockedMemory, new ulong[2]));
        Assert.Equal(0, SetCapabilities([0x20080522, 0], new uint[6]));
        nint page = Map(0, PageSize, ProtectRead, PrivateAnonymous, -1, 0);
        Assert.NotEqual(Failed, page);
        Assert.NotEqual(0, Lock(page, PageSize));

        using AesGcmKey key = AesGcmKey.Import(Bytes);
        Assert.NotNull(key.Sodium);
        AssertWorks(key);
    }

    private static void RunWithoutMappings()
    {
        // What is used without mappings must be compiled and loaded before.
        using (AesGcmKey before = AesGcmKey.Import(Bytes))
        {
            Assert.NotNull(before.Sodium);
            AssertWorks(before);
        }

        CatchOutOfMemory();
        nint region = TakeAllMappings();
        AesGcmKey without;
        try
        {
            without = AesGcmKey.Import(Bytes);
        }
        finally
        {
            _ = Unmap(region, RegionSize);
        }

        Assert.Null(without.Sodium);
        AssertWorks(without);
        without.Dispose();
        using AesGcmKey after = AesGcmKey.Import(Bytes);
        Assert.NotNull(after.Sodium);
    }

    /// <summary>Every second page of a region gets another protection, so that each page is a mapping, until the system refuses.</summary>
    private static nint TakeAllMappings()
    {
        nint region = Map(0, RegionSize, 0, PrivateAnonymous, -1, 0);
        Assert.NotEqual(Failed, region);
        int page = 0;
        while (page < MaxPages && Protect(region + (nint)page * PageSize, PageSize, ProtectRead) == 0)
        {
            page += 2;
        }

        Assert.True(page < MaxPages, "The system allows more mappings than this test can take.");

        // The last ones: new mappings, of a protection that no neighbour has.
        while (Map(0, PageSize, ProtectRead, PrivateAnonymous, -1, 0) != Failed)
        {
        }

        return region;
    }

    private static void CatchOutOfMemory()
    {
        try
        {
            throw new InsufficientMemoryException();
        }
        catch (Exception exception) when (exception is OutOfMemoryException)
        {
        }
    }

    private static void AssertWorks(AesGcmKey key)
    {
        using FieldCipher sender = new(key, new byte[FieldCipher.NonceSize]);
        using FieldCipher receiver = new(key, new byte[FieldCipher.NonceSize]);
        byte[] encryptedBytes = new byte[3 + FieldCipher.TagSize];
        sender.Encrypt(0, new byte[FieldCipher.IvSize], [1, 2, 3], encryptedBytes);
        byte[] plaintext = new byte[3];
        Assert.True(receiver.TryDecrypt(0, new byte[FieldCipher.IvSize], encryptedBytes, plaintext));
        Assert.Equal([1, 2, 3], plaintext);
    }

    [DllImport("libc", EntryPoint = "setrlimit")]
    private static extern int SetLimit(int resource, ulong[] softAndHard);

    [DllImport("libc", EntryPoint = "capset")]
    private static extern int SetCapabilities(uint[] versionAndProcess, uint[] sets);

    [DllImport("libc", EntryPoint = "mlock")]
    private static extern int Lock(nint address, nuint length);

    [DllImport("libc", EntryPoint = "mmap")]
    private static extern nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [DllImport("libc", EntryPoint = "mprotect")]
    private static extern int Protect(nint address, nuint length, int protection);

    [DllImport("libc", EntryPoint = "munmap")]
    private static extern int Unmap(nint address, nuint length);
}
