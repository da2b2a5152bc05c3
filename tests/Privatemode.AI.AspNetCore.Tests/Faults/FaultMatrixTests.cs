using System.Diagnostics;

namespace Privatemode.AI.AspNetCore.Tests.Faults;

/// <summary>Every fault of the test deployment in every call of every entry, at every time: the right answer, or an error that has a type. Never a wrong or a
/// short answer, plaintext on the wire, or a call that hangs.</summary>
public sealed class FaultMatrixTests(FaultMatrixTests.Run run) : IClassFixture<FaultMatrixTests.Run>
{
    private static readonly string Document = Path.Combine(OptionsTests.Root(), "docs", "fault-matrix.md");

    public static TheoryData<string, string> Groups
    {
        get
        {
            TheoryData<string, string> groups = [];
            foreach (FaultRow fault in FaultRow.All)
            {
                foreach (string entry in MatrixEntry.Names)
                {
                    groups.Add(fault.Name, entry);
                }
            }

            return groups;
        }
    }

    [Theory]
    [MemberData(nameof(Groups))]
    public void Fault_InEveryCall_HasTheOutcomeOfItsRule(string fault, string entry)
    {
        MatrixResult[] results = [.. run.Results.Where(result => (result.Cell.Fault.Name, result.Cell.Entry) == (fault, entry))];
        Assert.NotEmpty(results);
        string[] wrong = [.. results.Select(Complaint).OfType<string>()];
        Assert.True(wrong.Length == 0, $"{wrong.Length} of {results.Length} cells:\n{string.Join('\n', wrong)}");
    }

    /// <summary>Each fault that the test deployment can inject is in the table.</summary>
    [Fact]
    public void Table_HasEveryFault()
    {
        string[] names = [.. typeof(Testing.Fault).GetMembers().Where(member => member is System.Reflection.PropertyInfo
            or System.Reflection.MethodInfo { IsStatic: true, IsSpecialName: false }).Select(member => member.Name)];
        Assert.Contains(nameof(Testing.Fault.TamperEvent), names);
        Assert.All(names, name => Assert.Contains(FaultRow.All, row => row.Name.Split('(', ',')[0] == name));
        Assert.Distinct(FaultRow.All.Select(row => row.Name));
    }

    /// <summary>With PRIVATEMODE_WRITE_DOCUMENTS=1 the tables are written anew.</summary>
    [Fact]
    public async Task Document_HasTheCountsOfTheRun()
    {
        string text = await File.ReadAllTextAsync(Document);
        string expected = FaultMatrixDocument.Replace(text, run.Results);
        if (Environment.GetEnvironmentVariable("PRIVATEMODE_WRITE_DOCUMENTS") == "1")
        {
            await File.WriteAllTextAsync(Document, expected);
            return;
        }

        Assert.Equal(expected, text);
    }

    private static string? Complaint(MatrixResult result)
    {
        MatrixExpectation expected = MatrixRules.Of(result.Cell);
        return result.Violation is { } violation ? $"{result.Cell}: {violation} ({result.Outcome}, {result.Requests} requests)"
            : expected != new MatrixExpectation(result.Outcome, result.Requests)
                ? $"{result.Cell}: {result.Outcome}, {result.Requests} requests, instead of {expected.Outcome}, {expected.Requests} requests"
            : null;
    }

    /// <summary>The run of all cells.</summary>
    public sealed class Run : IAsyncLifetime
    {
        internal IReadOnlyList<MatrixResult> Results { get; private set; } = [];

        public async Task InitializeAsync()
        {
            long start = Stopwatch.GetTimestamp();
            Results = await FaultMatrix.RunAsync();
            if (Environment.GetEnvironmentVariable("PRIVATEMODE_FAULT_MATRIX_FILE") is { Length: > 0 } file)
            {
                await File.WriteAllLinesAsync(file, Results.Select(result => $"{result.Cell}: {result.Outcome}, {result.Requests} requests").Order()
                    .Prepend($"{Results.Count} cells in {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s"));
            }
        }

        public Task DisposeAsync() => Task.CompletedTask;
    }
}
