namespace Privatemode.AI.Tests.Fakes;

/// <summary>How long a test waits for a signal before it gives up; never how long something should take.</summary>
internal static class TestTime
{
    public static TimeSpan Limit { get; } = TimeSpan.FromSeconds(60);
}
