using System.Runtime.InteropServices;
using Privatemode.Tool.CommandLine;

namespace Privatemode.Tool.Tests.CommandLine;

public sealed class TerminationTests
{
    [Fact]
    public void FirstSignal_Cancels_SecondIsNotHandled()
    {
        using Termination termination = new(TimeProvider.System);

        Assert.True(termination.Raise(PosixSignal.SIGINT));
        Assert.True(termination.Token.IsCancellationRequested);
        Assert.False(termination.Raise(PosixSignal.SIGINT));
    }

    [Fact]
    public void Handler_IsAskedFirst_UntilItIsDisposed()
    {
        using Termination termination = new(TimeProvider.System);
        List<PosixSignal> seen = [];
        using (termination.Handle(signal =>
        {
            seen.Add(signal);
            return signal == PosixSignal.SIGINT;
        }))
        {
            Assert.True(termination.Raise(PosixSignal.SIGINT));
            Assert.False(termination.IsRequested);
        }

        Assert.True(termination.Raise(PosixSignal.SIGINT));
        Assert.True(termination.IsRequested);
        Assert.Equal([PosixSignal.SIGINT], seen);
    }
}
