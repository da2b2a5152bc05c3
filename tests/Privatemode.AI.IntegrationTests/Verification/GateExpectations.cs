using Privatemode.AI.Testing;

namespace Privatemode.AI.IntegrationTests.Verification;

/// <summary>Which check each defect of the test deployment must fail: the approved list beside this file.</summary>
internal static class GateExpectations
{
    public const string Accepted = "accepted";
    public const string ServiceFailure = "service-failure";

    private static readonly Dictionary<(string Defect, string Kind), string> Checks = File
        .ReadAllLines(Path.Combine(AppContext.BaseDirectory, "GateExpectations.txt"))
        .Where(line => line.Length > 0 && line[0] != '#')
        .Select(line => line.Split(' '))
        .ToDictionary(parts => (parts[0], parts[1]), parts => parts[2]);

    public static string Of(string defect, EvidenceKind kind) => Checks.GetValueOrDefault((defect, kind.ToString()), "not in the list");
}
