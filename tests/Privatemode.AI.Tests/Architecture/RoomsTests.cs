using System.Text.RegularExpressions;

namespace Privatemode.AI.Tests.Architecture;

/// <summary>Rooms are folders of one assembly; outer rooms know inner rooms, never the reverse. The root folder may know every room.</summary>
public sealed partial class RoomsTests
{
    private static readonly Dictionary<string, string[]> MayUse = new()
    {
        ["Attestation/Certificates"] = [],
        ["Attestation/Contrast"] = ["Attestation/Certificates", "Attestation/Sev", "Attestation/Tdx"],
        ["Attestation/Sev"] = ["Attestation/Certificates"],
        ["Attestation/Tdx"] = ["Attestation/Certificates"],
        ["Chat"] = [],
        ["Completions"] = ["Pipeline"],
        ["DependencyInjection"] = ["Pipeline", "Sessions"],
        ["Diagnostics"] = [],
        ["Documents"] = ["Forms"],
        ["Embeddings"] = [],
        ["Encryption"] = [],
        ["Endpoints"] = ["Attestation/Certificates"],
        ["Forms"] = [],
        ["KeyExchange/Hpke"] = [],
        ["KeyExchange"] = ["Attestation/Certificates", "Encryption", "KeyExchange/Hpke"],
        ["LocalProxy"] = ["Encryption", "Pipeline"],
        ["Models"] = ["Pipeline"],
        ["Pipeline"] = ["Diagnostics", "Sessions", "Encryption"],
        ["Sessions"] = [
            "Attestation/Contrast", "Attestation/Sev", "Attestation/Tdx", "Diagnostics", "Encryption", "Endpoints", "KeyExchange", "KeyExchange/Hpke",
        ],
        ["Speech"] = ["Forms"],
    };

    [Fact]
    public void Sources_UseOnlyTheRoomsTheyMay()
    {
        List<string> trespasses = [];
        foreach (string path in RepositoryFiles.Sources("Privatemode.AI"))
        {
            string? room = RoomOf(path);
            if (room is null)
            {
                continue;
            }

            Assert.True(MayUse.ContainsKey(room), $"{room} is not in the table of rooms.");
            foreach (string used in RoomsNamedIn(File.ReadAllText(path)))
            {
                if (used != room && !MayUse[room].Contains(used))
                {
                    trespasses.Add($"{Path.GetRelativePath(RepositoryFiles.Root, path)} uses {used}");
                }
            }
        }

        Assert.Empty(trespasses);
    }

    [Fact]
    public void Rooms_OfTheDocument_AreThese()
    {
        string document = File.ReadAllText(Path.Combine(RepositoryFiles.Root, "CONTRIBUTING.md"));
        IEnumerable<string> rows = RoomRow().Matches(document).Select(row => Line(
            row.Groups["room"].Value, Code().Matches(row.Groups["uses"].Value).Select(code => code.Groups[1].Value)));
        Assert.Equal(MayUse.Select(room => Line(room.Key, room.Value)).Order(), rows.Order());

        static string Line(string room, IEnumerable<string> uses) => $"{room}: {string.Join(", ", uses.Order())}";
    }

    [Theory]
    [InlineData("using Privatemode.AI.Sessions;", "Sessions")]
    [InlineData("Privatemode.AI.Pipeline.SealingEngine engine;", "Pipeline")]
    [InlineData("Sessions.SecretLease lease;", "Sessions")]
    [InlineData("KeyExchange.Hpke.XWing.Size", "KeyExchange/Hpke")]
    [InlineData("OpenAI.Chat.ChatMessage message; // see Sessions", null)]
    [InlineData("using Privatemode.AI.Attestation.Sev;", "Attestation/Sev")]
    [InlineData("Attestation.Tdx.TdxQuote quote;", "Attestation/Tdx")]
    [InlineData("using OpenAI.Chat;", null)]
    [InlineData("using System.Diagnostics.Metrics;", null)]
    [InlineData("using Privatemode.AI.Diagnostics;", "Diagnostics")]
    public void RoomsNamedIn_Text_FindsQualifiedAndRelativeNames(string source, string? room) =>
        Assert.Equal(room is null ? [] : [room], RoomsNamedIn(source));

    private static string? RoomOf(string path)
    {
        string folder = Path.GetDirectoryName(Path.GetRelativePath(Path.Combine(RepositoryFiles.Root, "src", "Privatemode.AI"), path))!.Replace('\\', '/');
        return folder.Length == 0
            ? null
            : MayUse.Keys.Where(room => folder == room || folder.StartsWith(room + "/", StringComparison.Ordinal)).MaxBy(room => room.Length) ?? folder;
    }

    private static IEnumerable<string> RoomsNamedIn(string source) => RoomName().Matches(source)
        .Select(match => match.Groups["room"].Value + match.Groups["inner"].Value.Replace('.', '/'))
        .Distinct();

    [GeneratedRegex(@"^\| `(?<room>[\w/]+)` \|[^|]*\| (?<uses>[^|]*) \|$", RegexOptions.Multiline)]
    private static partial Regex RoomRow();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();

    [GeneratedRegex(
        @"(?:using Privatemode\.AI\.|Privatemode\.AI\.|(?<![\w.]))"
        + @"(?<room>Attestation|Chat|Completions|DependencyInjection|Diagnostics|Documents|Embeddings|Encryption|Endpoints|Forms|KeyExchange|LocalProxy|Models|"
        + @"Pipeline|Sessions|Speech)"
        + @"(?<inner>\.(?:Certificates|Contrast|Hpke|Sev|Tdx))?(?=[.;]\w|;)")]
    private static partial Regex RoomName();
}
