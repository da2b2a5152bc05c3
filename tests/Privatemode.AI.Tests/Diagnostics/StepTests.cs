using System.Diagnostics;
using Privatemode.AI.Diagnostics;
using Privatemode.AI.Pipeline.Calls;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Diagnostics;

[Collection(ListenersAlone.Name)]
public sealed class StepTests
{
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void Begin_WithoutListener_ReturnsNoOperationAndAllocatesNothing()
    {
        ClientEvents events = new(null, new Uri("https://localhost"));
        PrivatemodeWouldLeakException exception = new("code", "text");
        SendBudget repeats = new();
        repeats.CountSend(_time);
        HttpRequestException unanswered = new("", new UnansweredIOException(null));
        Measure();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            Measure();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Measure()
        {
            Assert.Null(TelemetryOperation.Begin(Telemetry.Encrypt, _time));
            Assert.False(events.HearsOfAnswers);
            Telemetry.CountRetry(429);
            Telemetry.CountRepeat("reset");
            events.CallRefused(exception);
            events.SecretForgotten("/v1/x", "id");
            _ = repeats.CanRetryUnanswered(unanswered);
        }
    }

    [Fact]
    public void Operation_WithACurrentActivity_LeavesItCurrent()
    {
        using TelemetryRecorder recorder = new();
        using Activity caller = new Activity("caller").Start();
        TelemetryOperation step = TelemetryOperation.Begin(Telemetry.Decrypt, _time)!;
        Assert.Same(caller, Activity.Current);
        using (Activity other = new Activity("other").Start())
        {
            step.Succeed();
            Assert.Same(other, Activity.Current);
        }

        Assert.Same(caller, Activity.Current);
        Activity seen = Assert.Single(recorder.Activities);
        Assert.Equal((caller.SpanId, ActivityStatusCode.Unset), (seen.ParentSpanId, seen.Status));
    }

    [Fact]
    public void End_WithNothingCurrent_LeavesNothingCurrent()
    {
        using TelemetryRecorder recorder = new();
        TelemetryOperation step;
        using (new Activity("caller").Start())
        {
            step = TelemetryOperation.Begin(Telemetry.Decrypt, _time)!;
        }

        Assert.Null(Activity.Current);
        step.EndStream(3, "abandoned", null);
        Assert.Null(Activity.Current);
        Assert.Equal(["privatemode.events=3", "privatemode.outcome=abandoned"], recorder.TagsOf("privatemode.open"));
    }

    [Fact]
    public void Fail_TakesTheDurationByTheGivenClock()
    {
        using TelemetryRecorder recorder = new();
        TelemetryOperation step = TelemetryOperation.Begin(Telemetry.Attest, _time)!;
        step.Measure(TelemetryTags.Trigger, "renewal");
        _time.Advance(TimeSpan.FromSeconds(2.5));
        step.Fail(new PrivatemodeVerificationException("some-check", "secret words"));
        string tags = "error.type=some-check privatemode.outcome=failed privatemode.trigger=renewal";
        Assert.Equal([$"privatemode.attest.duration 2.5 {tags}", $"privatemode.attestations 1 {tags}"], recorder.Measurements);
        Activity seen = Assert.Single(recorder.Activities);
        Assert.Equal((ActivityStatusCode.Error, null), (seen.Status, seen.StatusDescription));
    }

    [Fact]
    public void Step_MetricsOnly_HasNoActivity()
    {
        using TelemetryRecorder recorder = new(sampling: ActivitySamplingResult.None);
        TelemetryOperation step = TelemetryOperation.Begin(Telemetry.Encrypt, _time)!;
        step.Tag(TelemetryTags.Model, "m");
        step.Measure(TelemetryTags.Endpoint, "/v1/x");
        step.EndWithErrorAnswer(429);
        Assert.Empty(recorder.Activities);
        Assert.Equal(
            "privatemode.seal.duration 0 error.type=429 http.response.status_code=429 privatemode.endpoint=/v1/x privatemode.outcome=error-answer",
            Assert.Single(recorder.Measurements));
    }

    [Theory]
    [MemberData(nameof(Failures))]
    public void ErrorNames_AreOfASmallSet(Exception exception, string name, string outcome)
    {
        Assert.Equal(name, ErrorNames.Of(exception));
        using TelemetryRecorder recorder = new();
        TelemetryOperation.Begin(Telemetry.Encrypt, _time)!.Fail(exception);
        Assert.Equal([$"error.type={name}", $"privatemode.outcome={outcome}"], recorder.TagsOf("privatemode.seal"));
        Assert.DoesNotContain(recorder.Everything, text => text.Contains("words", StringComparison.Ordinal));
    }

    public static TheoryData<Exception, string, string> Failures() => new()
    {
        { new PrivatemodeWouldLeakException("clear-field", "words"), "clear-field", "failed" },
        { new PrivatemodeIntegrityException("not-authentic", "words"), "not-authentic", "failed" },
        { new PrivatemodeVerificationException("a-check", "words") { Expected = "words", Found = "words" }, "a-check", "failed" },
        { new PrivatemodeServiceException(ServiceFailureReason.RateLimited, "words") { ServerMessage = "words" }, "rate-limited", "failed" },
        { new PrivatemodeServiceException(ServiceFailureReason.Other, "words") { ErrorCode = "words" }, "other", "failed" },
        { new PrivatemodeConfigurationException("words", "words"), "configuration", "failed" },
        { new PrivatemodeRequestException("words", "words"), "request", "failed" },
        { new TaskCanceledException("words"), "cancelled", "cancelled" },
        { new InvalidOperationException("words"), "System.InvalidOperationException", "failed" },
    };

    [Fact]
    public void ErrorNames_OfEveryReason_AreDistinct()
    {
        ServiceFailureReason[] reasons = Enum.GetValues<ServiceFailureReason>();
        Assert.Equal(reasons.Length, reasons.Select(reason => ErrorNames.Of(new PrivatemodeServiceException(reason, ""))).Distinct().Count());
    }
}
