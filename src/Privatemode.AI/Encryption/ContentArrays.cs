using System.Buffers;

namespace Privatemode.AI.Encryption;

/// <summary>Arrays for contents: small ones from the shared pool, large ones from a small store of its own.</summary>
/// <remarks>
/// The shared pool rounds sizes up to powers of two and keeps arrays by thread: a file of 50 MiB would take 64 MiB, and again for every thread
/// that such a call happens to end on. Here a large array is as long as asked for. A few, of 4 MiB in all,
/// are kept, found again by every thread, and given up once they have not been used for a few full garbage collections.
/// </remarks>
internal static class ContentArrays
{
    /// <summary>Longest array that comes from the shared pool.</summary>
    public const int LargestShared = 1024 * 1024;

    /// <summary>How much is kept for reuse in all, in bytes.</summary>
    public const int MostKept = 4 * 1024 * 1024;
    private const int KeptForCollections = 4;

    private static readonly Lock Gate = new();
    private static readonly List<(byte[] Array, int Since)> Kept = [];
    private static bool _isWatched;

    /// <summary>An array at least this long, with anything in it.</summary>
    public static byte[] Rent(int length) => length <= LargestShared ? ArrayPool<byte>.Shared.Rent(length)
        : Find(length) ?? GC.AllocateUninitializedArray<byte>(length);

    /// <summary>Takes an array back, which must not be used any more.</summary>
    public static void Return(byte[] array)
    {
        if (array.Length <= LargestShared)
        {
            ArrayPool<byte>.Shared.Return(array);
            return;
        }

        lock (Gate)
        {
            if (Kept.Sum(entry => (long)entry.Array.Length) + array.Length <= MostKept)
            {
                Kept.Add((array, GC.CollectionCount(GC.MaxGeneration)));
                if (!_isWatched)
                {
                    _isWatched = true;
                    _ = new Watch();
                }
            }
        }
    }

    /// <summary>The shortest array kept that is long enough, and not so long that most of it would lie idle.</summary>
    private static byte[]? Find(int length)
    {
        lock (Gate)
        {
            int best = -1;
            for (int i = 0; i < Kept.Count; i++)
            {
                int size = Kept[i].Array.Length;
                if (size >= length && size - length <= size / 4 && (best < 0 || size < Kept[best].Array.Length))
                {
                    best = i;
                }
            }

            if (best < 0)
            {
                return null;
            }

            byte[] array = Kept[best].Array;
            Kept.RemoveAt(best);
            return array;
        }
    }

    /// <summary>Gives up what has not been used for long; whether anything is left.</summary>
    private static bool GiveUpOld()
    {
        lock (Gate)
        {
            int now = GC.CollectionCount(GC.MaxGeneration);
            _ = Kept.RemoveAll(entry => now - entry.Since >= KeptForCollections);
            return _isWatched = Kept.Count > 0;
        }
    }

    /// <summary>Nobody holds it, so that every garbage collection that comes by it runs its finalizer.</summary>
    private sealed class Watch
    {
        ~Watch()
        {
            if (GiveUpOld())
            {
                GC.ReRegisterForFinalize(this);
            }
        }
    }
}
