namespace Privatemode.AI.Tests.Vectors;

/// <summary>Runs every case of a file, reports the failures at once, and asserts at the end that no case was left out.</summary>
internal sealed class CaseLog
{
    private const int MaxFailuresShown = 10;

    private readonly List<string> _failures = [];
    private int _run;

    public void Run(string name, Action body)
    {
        _run++;
        try
        {
            body();
        }
        catch (Exception exception)
        {
            _failures.Add($"{name}: {exception.GetType().Name}: {exception.Message}");
        }
    }

    public void AssertAllPassed(int expectedCount)
    {
        Assert.True(_failures.Count == 0, $"{_failures.Count} failures\n{string.Join('\n', _failures.Take(MaxFailuresShown))}");
        Assert.Equal(expectedCount, _run);
    }
}
