using Privatemode.AI.Sessions;

namespace Privatemode.AI.Tests.Fakes;

/// <summary>The calls of a synchronous caller.</summary>
internal static class RecorderCalls
{
    public static (byte[] Manifest, DateTimeOffset At)? Last(this ManifestRecorder recorder) => recorder.LastAsync(async: false, default).Completed();

    public static void Record(this ManifestRecorder recorder, byte[] manifest) => recorder.RecordAsync(manifest, async: false, default).Completed();
}
