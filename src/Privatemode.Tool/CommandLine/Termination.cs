using System.Runtime.InteropServices;

namespace Privatemode.Tool.CommandLine;

/// <summary>Turns the first Ctrl+C or SIGTERM into cancellation, and the second one into an immediate end.</summary>
internal sealed class Termination : IDisposable
{
    private readonly CancellationTokenSource _stop;
    private readonly Stack<Func<PosixSignal, bool>> _handlers = new();
    private readonly Lock _gate = new();
    private readonly List<PosixSignalRegistration> _registrations = [];

    public Termination(TimeProvider time) => _stop = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);

    /// <summary>Canceled by the first signal.</summary>
    public CancellationToken Token => _stop.Token;

    /// <summary>Whether a signal asked the command to end.</summary>
    public bool IsRequested => _stop.IsCancellationRequested;

    /// <summary>Receives the signals of this process from now on.</summary>
    public void ListenToSignals()
    {
        foreach (PosixSignal signal in (ReadOnlySpan<PosixSignal>)[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP])
        {
            _registrations.Add(PosixSignalRegistration.Create(signal, received =>
            {
                received.Cancel = true;
                if (!Raise(received.Signal))
                {
                    Environment.Exit(Commands.ExitCodes.Canceled);
                }
            }));
        }
    }

    /// <summary>Adds a handler of signals. The newest handler is called first, and returns whether it handled the signal.</summary>
    /// <returns>Dispose it to remove the handler.</returns>
    public IDisposable Handle(Func<PosixSignal, bool> handler)
    {
        lock (_gate)
        {
            _handlers.Push(handler);
        }

        return new Registration(this);
    }

    /// <summary>Handles a signal as if the process had received it.</summary>
    /// <returns>False if the command was already asked to end.</returns>
    public bool Raise(PosixSignal signal)
    {
        Func<PosixSignal, bool>? handler;
        lock (_gate)
        {
            _ = _handlers.TryPeek(out handler);
        }

        if (handler?.Invoke(signal) == true)
        {
            return true;
        }

        if (_stop.IsCancellationRequested)
        {
            return false;
        }

        _stop.Cancel();
        return true;
    }

    public void Dispose()
    {
        _registrations.ForEach(registration => registration.Dispose());
        _stop.Dispose();
    }

    private sealed class Registration(Termination termination) : IDisposable
    {
        public void Dispose()
        {
            lock (termination._gate)
            {
                _ = termination._handlers.TryPop(out _);
            }
        }
    }
}
