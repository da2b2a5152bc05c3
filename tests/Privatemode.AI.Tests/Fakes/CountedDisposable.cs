namespace Privatemode.AI.Tests.Fakes;

/// <summary>Counts how often it is disposed; takes others along.</summary>
internal sealed class CountedDisposable(params IDisposable[] others) : IDisposable
{
    private int _disposals;

    public int Disposals => Volatile.Read(ref _disposals);

    public void Dispose()
    {
        _ = Interlocked.Increment(ref _disposals);
        foreach (IDisposable other in others)
        {
            other.Dispose();
        }
    }
}
