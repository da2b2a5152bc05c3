using System.ClientModel.Primitives;
using System.Runtime.ExceptionServices;

namespace Privatemode.AI.Pipeline;

/// <summary>The outermost policy, once per call: owns what the attempts share, and wipes it at the end.</summary>
internal sealed class CallPolicy : PipelinePolicy
{
    public override void Process(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
    {
        using CallState state = CallState.Begin(message);
        try
        {
            ProcessNext(message, pipeline, currentIndex);
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
        catch (AggregateException exception)
        {
            ThrowLast(exception);
        }
    }

    /// <summary>The retry policy collects the failures of all tries; callers want to catch the one that ended the call.</summary>
    private static void ThrowLast(AggregateException exception) => ExceptionDispatchInfo.Throw(exception.InnerExceptions[^1]);
}
