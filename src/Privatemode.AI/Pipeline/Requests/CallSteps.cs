using Privatemode.AI.Diagnostics;
using Privatemode.AI.Sessions;

namespace Privatemode.AI.Pipeline.Requests;

/// <summary>Begins the observed steps of a call; null while nobody listens.</summary>
internal static class CallSteps
{
    public static Step? BeginSeal(SealedCall call, SessionSecret session, TimeProvider time) =>
        Describe(Step.Begin(Telemetry.Seal, time), call, session, call.Attempts);

    public static Step? BeginOpen(SealedCall call, TimeProvider time) =>
        Describe(Step.Begin(Telemetry.Open, time), call, call.Current?.Session, Math.Max(call.Attempts - 1, 0));

    private static Step? Describe(Step? step, SealedCall call, SessionSecret? session, int attempt)
    {
        if (step is not null)
        {
            step.Measure(Tags.Endpoint, call.Rule.Path);
            step.About(session?.Deployment);
            step.Tag(Tags.Model, call.Model);
            step.Tag(Tags.Attempt, attempt);
        }

        return step;
    }
}
