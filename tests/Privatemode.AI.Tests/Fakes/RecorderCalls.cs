using Privatemode.AI.Internal;
using Privatemode.AI.Verification;

namespace Privatemode.AI.Tests.Fakes;

/// <summary>The calls of a synchronous caller.</summary>
internal static class RecorderCalls
{
    public static RecordedManifest? Last(this ManifestRecorder recorder) => recorder.Observe(null).Last;

    public static ManifestRecord Observe(this ManifestRecorder recorder, string? published) =>
        recorder.ObserveAsync(published, async: false, default).Completed();

    public static bool Record(this ManifestRecorder recorder, byte[] manifest) =>
        recorder.RecordAsync(manifest, seen: null, async: false, default).Completed().IsNew;
}
