using System.CommandLine;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Privatemode.AI.Tests.Architecture;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Tests.Fakes;

namespace Privatemode.Tool.Tests.Documents;

/// <summary>docs/tool.md has the help of the commands, and what the documents show can be run.</summary>
public sealed partial class ToolDocumentTests : IDisposable
{
    private const string Begin = "<!-- generated: commands -->\n";
    private const string End = "<!-- end -->";

    private static readonly string Document = Path.Combine(RepositoryFiles.Root, "docs", "tool.md");

    private readonly ToolRun _run = new();

    public static TheoryData<string> Examples => [.. ((string[])[Document, Path.Combine(RepositoryFiles.Root, "src", "Privatemode.Tool", "README.md")])
        .SelectMany(File.ReadLines).Where(line => line.StartsWith("$ privatemode ", StringComparison.Ordinal)).Distinct()];

    public void Dispose() => _run.Dispose();

    /// <summary>With PRIVATEMODE_WRITE_DOCUMENTS=1 the sections of all commands are written anew.</summary>
    [Fact]
    public async Task Reference_IsTheHelpOfTheCommands()
    {
        string text = await File.ReadAllTextAsync(Document);
        int begin = text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, end = text.IndexOf(End, begin, StringComparison.Ordinal);
        IReadOnlyDictionary<string, string> help = await HelpAsync();
        if (Environment.GetEnvironmentVariable("PRIVATEMODE_WRITE_DOCUMENTS") == "1")
        {
            await File.WriteAllTextAsync(Document, text[..begin] + string.Concat(help.Values) + text[end..]);
            return;
        }

        string[] sections = Heading().Split(text[begin..end])[1..];
        Assert.Equal(help.Keys, sections.Select(section => section.Split('\n')[0]));
        Assert.All(sections, section => Assert.Equal(help[section.Split('\n')[0]], $"### {section}"));
    }

    [Fact]
    public async Task Help_FitsIntoThePage()
    {
        foreach ((string command, string help) in await HelpAsync())
        {
            Assert.True(help.Split('\n').All(line => line.Length <= 140), $"The help of {command} has a long line.");
        }
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task Example_WithTheDemo_Succeeds(string line)
    {
        string[] args = [.. Words().Matches(line["$ privatemode ".Length..]).Select(word => word.Value.Trim('"'))];
        Assert.Contains("--demo", args);
        if (args[0] is "proxy")
        {
            await using RunningTool running = await _run.StartAsync(args);
            Assert.Equal(0, await running.StopAsync());
            return;
        }

        (int exitCode, string text, string error) = await _run.InvokeAsync(args);

        Assert.True(exitCode == 0, error);
        Assert.NotEmpty(text);
    }

    /// <summary>One example may use the file of another. Those that run a program after "--" are tried by scripts/real-clients.</summary>
    [Theory]
    [InlineData("assistants.md", 3)]
    [InlineData("verify.md", 9)]
    public async Task Guide_ExamplesWithTheDemo_SucceedInTheirOrder(string page, int count)
    {
        string[] examples = [.. File.ReadLines(Path.Combine(RepositoryFiles.Root, "docs", page)).Where(line =>
            line.StartsWith("$ privatemode ", StringComparison.Ordinal) && line.Contains("--demo", StringComparison.Ordinal) &&
            !line.Contains(" -- ", StringComparison.Ordinal))];
        Assert.Equal(count, examples.Length);
        foreach (string example in examples)
        {
            (int exitCode, _, string error) = await _run.InvokeAsync(example["$ privatemode ".Length..].Split(' '));
            Assert.True(exitCode == 0, $"{example}: {error}");
        }
    }

    [Theory]
    [InlineData("verify", "--demo", "--json", "--save", "evidence.json")]
    [InlineData("manifest", "show", "--demo", "--json")]
    [InlineData("manifest", "diff", "published", "published", "--demo", "--json")]
    [InlineData("manifest", "log", "--demo", "--json")]
    [InlineData("manifest", "pin", "--demo", "--yes", "--json")]
    [InlineData("verity", "image", "--hash-offset", "4096", "--json")]
    public async Task Guide_ToVerifying_DescribesEveryMember(params string[] args)
    {
        _ = _run.WriteFile("image", new string('a', 4096));
        string page = await File.ReadAllTextAsync(Path.Combine(RepositoryFiles.Root, "docs", "verify.md"));
        (int exitCode, string text, string error) = await _run.InvokeAsync(args);
        Assert.True(exitCode == 0, error);
        using JsonDocument json = JsonDocument.Parse(text);
        Assert.Contains($"`{json.RootElement.GetProperty("schema").GetString()}`", page, StringComparison.Ordinal);
        Assert.All(Members(json.RootElement).Except(["schema"]), member => Assert.Contains($"`{member}`", page, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("hardware.md", 30)]
    [InlineData("verify.md", 20)]
    public void Guide_NamesChecksOfTheLibrary(string page, int count)
    {
        string source = string.Concat(RepositoryFiles.Sources("Privatemode.AI").Select(File.ReadAllText));
        string[] names = [.. CheckName().Matches(File.ReadAllText(Path.Combine(RepositoryFiles.Root, "docs", page)))
            .Select(match => match.Groups["name"].Value).Distinct()];
        Assert.True(names.Length >= count, $"{names.Length} names were found.");
        Assert.All(names, name => Assert.Contains($"\"{name}\"", source, StringComparison.Ordinal));
    }

    [Fact]
    public void Demo_IsTheOnlyUserOfTheTestDeployment()
    {
        IEnumerable<string> users = RepositoryFiles.Sources("Privatemode.Tool")
            .Where(path => File.ReadAllText(path).Contains("Privatemode.AI.Testing", StringComparison.Ordinal) ||
                File.ReadAllText(path).Contains("PrivatemodeTestDeployment", StringComparison.Ordinal));

        Assert.All(users, path => Assert.Equal("Demo", Path.GetFileName(Path.GetDirectoryName(path))));
    }

    // The members of "tcb" are names of firmware, and those of "manifest" are the vendor's.
    private static IEnumerable<string> Members(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(member => (IEnumerable<string>)
            [member.Name, .. member.Name is "tcb" or "manifest" ? [] : Members(member.Value)]),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Members),
        _ => [],
    };

    private async Task<IReadOnlyDictionary<string, string>> HelpAsync()
    {
        Dictionary<string, string> help = new(StringComparer.Ordinal);
        foreach (string[] path in Paths(Root.Create(_run.Context), []))
        {
            (int exitCode, string text, _) = await _run.InvokeAsync([.. path, "--help"]);
            Assert.Equal(0, exitCode);
            string name = $"privatemode {string.Join(' ', path)}";
            help[name] = new StringBuilder($"### {name}\n\n```\n").Append(text.Trim().ReplaceLineEndings("\n")).Append("\n```\n\n").ToString();
        }

        return help;
    }

    private static IEnumerable<string[]> Paths(Command command, string[] path) => command.Subcommands.Where(each => !each.Hidden)
        .SelectMany(each => (IEnumerable<string[]>)[[.. path, each.Name], .. Paths(each, [.. path, each.Name])]);

    [GeneratedRegex("`(?<name>(snp|tdx|manifest|certificate|crl|collateral|coordinator|gpu|mesh)-[a-z0-9-]*[a-z0-9])`")]
    private static partial Regex CheckName();

    [GeneratedRegex("^### ", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex("\"[^\"]*\"|\\S+")]
    private static partial Regex Words();
}
