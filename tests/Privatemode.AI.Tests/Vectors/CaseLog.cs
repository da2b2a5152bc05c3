using System.Text;

namespace Privatemode.AI.Tests.Vectors;

/// <summary>Runs every case of a file and reports all failures at once, with the number of cases that ran.</summary>
internal sealed class CaseLog
{
    private readonly StringBuilder _failures = new();
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
            _failures.AppendLine($"{name}: {exception.GetType().Name}: {exception.Message}");
        }
    }

    public void AssertAllPassed(int expectedCount)
    {
        Assert.True(_failures.Length == 0, _failures.ToString());
        Assert.Equal(expectedCount, _run);
    }
}
