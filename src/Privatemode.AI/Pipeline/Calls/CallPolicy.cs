using System.ClientModel.Primitives;
using System.Runtime.ExceptionServices;
using Privatemode.AI.Diagnostics;

namespace Privatemode.AI.Pipeline.Calls;

/// <summary>The outermost policy, once per call: owns what the attempts share, and wipes it at the end.</summary>
internal sealed class CallPolicy(ClientEvents events) : PipelinePolicy
{
    public override void Process(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
    {
        using CallState state = CallState.Begin(message);
        try
        {
            ProcessNext(message, pipeline, currentIndex);
        }
        catch (PrivatemodeWouldLeakException exception)
        {
            events.CallRefused(exception);
            throw;
        }
        catch (AggregateException exception)
        {
            ThrowLast(exception);
        }
    }

    public override async ValueTask ProcessAsync(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
    {
        using CallState state = CallState.Begin(message);
        try
        {
            await ProcessNextAsync(message, pipeline, currentIndex).ConfigureAwait(false);
        }
        catch (PrivatemodeWouldLeakException exception)
        {
            events.CallRefused(exception);
            throw;
        }
        catch (AggregateException exception)
        {
            ThrowLast(exception);
        }
    }

    /// <summary>The retry policy collects the failures of all tries; callers want to catch the one that ended the call.</summary>
    private void ThrowLast(AggregateException exception)
    {
        if (exception.InnerExceptions[^1] is PrivatemodeWouldLeakException refusal)
        {
            events.CallRefused(refusal);
        }

        ExceptionDispatchInfo.Throw(exception.InnerExceptions[^1]);
    }
}
