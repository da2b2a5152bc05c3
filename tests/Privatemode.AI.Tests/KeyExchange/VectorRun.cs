namespace Privatemode.AI.Tests.KeyExchange;

/// <summary>Runs every case of a vector file, collects what fails, and asserts at the end that no case was left out.</summary>
internal sealed class VectorRun(string file)
{
    private const int MostFailuresShown = 10;

    private readonly List<string> _failures = [];
    private int _cases;

    public void Case(string name, Action body)
    {
        _cases++;
        try
        {
            body();
        }
        catch (Exception exception)
        {
            _failures.Add($"{file}, {name}: {exception.Message}");
        }
    }

    public void Finish(int expectedCases)
    {
        Assert.True(_failures.Count == 0, $"{_failures.Count} failures\n{string.Join('\n', _failures.Take(MostFailuresShown))}");
        Assert.True(_cases == expectedCases, $"{file}: {_cases} cases were run, {expectedCases} exist.");
    }
}
