namespace Privatemode.AI.Tests.Verification;

/// <summary>A theory about what Windows does not have: skipped there, visibly.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class UnixTheoryAttribute : TheoryAttribute
{
    public UnixTheoryAttribute()
    {
        if (OperatingSystem.IsWindows())
        {
            Skip = "Windows has no pipes in its directories.";
        }
    }
}
