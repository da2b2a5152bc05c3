using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Privatemode.AI.Tests.Fakes;
using Privatemode.Tool.App;

namespace Privatemode.Tool.Tests.App;

/// <summary>The parts of the chat page, and the document that is made of them.</summary>
public sealed partial class AppPageTests
{
    private static string Folder([CallerFilePath] string file = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", "..", "..", "src", "Privatemode.Tool", "App", "Page"));

    [Fact]
    public void Modules_AreAllJoined() =>
        Assert.Equal(
            Directory.GetFiles(Folder(), "*.js").Select(Path.GetFileName).Order(StringComparer.Ordinal), AppPage.Modules.Order(StringComparer.Ordinal));

    // The modules share one scope after they are joined: a second name of the same kind would be an error of the whole script, or hide the first one.
    [Fact]
    public void Modules_DeclareEachNameOnce()
    {
        IEnumerable<string> names = AppPage.Modules.SelectMany(name => Declarations().Matches(AppPage.Read(name)).Select(match => match.Groups[1].Value));

        Assert.Empty(names.GroupBy(name => name).Where(group => group.Count() > 1).Select(group => group.Key));
    }

    [Fact]
    public void Modules_ImportOnlyWhatAnotherOneExports()
    {
        Dictionary<string, HashSet<string>> exports = AppPage.Modules.ToDictionary(
            name => name, name => Exported().Matches(AppPage.Read(name)).Select(match => match.Groups[1].Value).ToHashSet());
        foreach (string name in AppPage.Modules)
        {
            foreach (Match match in Imported().Matches(AppPage.Read(name)))
            {
                Assert.Subset(exports[match.Groups[2].Value], match.Groups[1].Value.Split(", ").ToHashSet());
            }
        }
    }

    [Fact]
    public void JoinedScript_HasNoImportsAndExports()
    {
        string script = AppPage.Join(AppPage.Modules.Select(AppPage.Read));

        Assert.DoesNotMatch(@"(?m)^\s*(import|export)\b", script);
        Assert.DoesNotContain("import(", script, StringComparison.Ordinal);
    }

    // An end tag in a text of the script would end the script. Strings that become HTML or code are refused by the policy; here they are not even tried.
    [Fact]
    public void JoinedScript_HasNothingThatBreaksTheDocumentOrItsPolicy()
    {
        string script = AppPage.Join(AppPage.Modules.Select(AppPage.Read));
        foreach (string text in (string[])
            ["</script", "<!--", "%nonce%", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write",
             "DOMParser", "eval(", "new Function", "javascript:", "srcdoc", ".style."])
        {
            Assert.DoesNotContain(text, script, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public void Document_NamesNoOtherHostAndHasNoInlineHandlers()
    {
        string html = AppPage.Read("page.html");

        Assert.DoesNotMatch(@"(src|href|action)=""(?!#|data:,"")", html);
        Assert.DoesNotMatch(@"\s(on[a-z]+|style)=", html);
        Assert.DoesNotContain("url(", AppPage.Read("page.css"), StringComparison.Ordinal);
        Assert.DoesNotContain("@import", AppPage.Read("page.css"), StringComparison.Ordinal);
    }

    [Fact]
    public void Document_HasTheNonceTwice()
    {
        string document = AppPage.Load().Render("N0NCE");

        Assert.Equal(2, document.Split("nonce=\"N0NCE\"").Length - 1);
        Assert.Equal(2, document.Split("N0NCE").Length - 1);
        Assert.DoesNotContain('%', document.Split("<body>")[0].Split("<style")[0]);
        Assert.NotEqual(AppPage.CreateNonce(), AppPage.CreateNonce());
    }

    [Fact]
    public void Files_AreShort() =>
        Assert.All(Directory.GetFiles(Folder()), file =>
        {
            string[] lines = File.ReadAllLines(file);
            Assert.True(lines.Length <= 400, $"{file} has {lines.Length} lines.");
            Assert.All(lines, line => Assert.True(line.Length <= 160, $"{file}: {line}"));
        });

    [NodeFact]
    public async Task Scripts_PassTheirTests()
    {
        string[] tests = Directory.GetFiles(Folder(), "*.test.mjs");
        using Process node = Process.Start(new ProcessStartInfo("node", ["--test", .. tests]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> error = node.StandardError.ReadToEndAsync();
        string output = await node.StandardOutput.ReadToEndAsync().OrTimeout();
        await node.WaitForExitAsync().OrTimeout();

        Assert.True(node.ExitCode == 0, output + await error);
        Assert.True(int.Parse(PassedTests().Match(output).Groups[1].Value) > 100, output);
    }

    [GeneratedRegex(@"^(?:export )?(?:async )?(?:function\*?|class|const|let) (\w+)", RegexOptions.Multiline)]
    private static partial Regex Declarations();

    [GeneratedRegex(@"^export (?:async )?(?:function\*?|class|const|let) (\w+)", RegexOptions.Multiline)]
    private static partial Regex Exported();

    [GeneratedRegex("""^import \{ ([A-Za-z, ]+) \} from "\./([a-z]+\.js)";$""", RegexOptions.Multiline)]
    private static partial Regex Imported();

    [GeneratedRegex(@"# pass (\d+)|ℹ pass (\d+)")]
    private static partial Regex PassedTests();
}

/// <summary>A test that needs Node 20 or later. It is skipped if Node is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NodeFactAttribute : FactAttribute
{
    public NodeFactAttribute() => Skip = HasNode() ? null : "Node 20 or later was not found on PATH.";

    private static bool HasNode()
    {
        try
        {
            using Process node = Process.Start(new ProcessStartInfo("node", "--version") { RedirectStandardOutput = true })!;
            string version = node.StandardOutput.ReadToEnd();
            node.WaitForExit();
            return int.TryParse(version.TrimStart('v').Split('.')[0], out int major) && major >= 20;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
