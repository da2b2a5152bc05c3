namespace Privatemode.Tool.Tests.Fakes;

/// <summary>Input to which nothing is written, such as a terminal at which a person thinks. A read of it cannot be canceled.</summary>
internal sealed class WaitingInput : Stream
{
    private readonly TaskCompletionSource _reading = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ManualResetEventSlim _end = new();

    /// <summary>Ends when the first read has begun.</summary>
    public Task Reading => _reading.Task;

    /// <summary>The same input as text.</summary>
    public TextReader AsText() => new StreamReader(this);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        _ = _reading.TrySetResult();
        _end.Wait();
        return 0;
    }

    /// <summary>Lets the reads end, so that their threads do.</summary>
    public void End() => _end.Set();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
