using Privatemode.AI.Tests.Fakes;
using Privatemode.Tool.Tests.Fakes;

namespace Privatemode.Tool.Tests.Launch;

/// <summary>What <c>launch --restore</c> leaves of files that the user changed, and who can read the files.</summary>
public sealed class LaunchFilesTests : IDisposable
{
    private readonly ToolRun _run = new();
    private readonly AssistantHome _home;

    public LaunchFilesTests() => _home = new AssistantHome(_run);

    public void Dispose() => _run.Dispose();

    [Fact]
    public async Task FileWithoutAnythingOfOurs_IsNotWrittenAgain()
    {
        AssistantHome.Write(_home.ClaudeSettings, "{}");
        _ = await _run.InvokeAsync("launch", "claude", "--demo", "--config");
        File.WriteAllText(_home.ClaudeSettings, "{ \"theme\":   \"dark\" }");

        _ = await _run.InvokeAsync("launch", "claude", "--restore");

        Assert.Equal("{ \"theme\":   \"dark\" }", File.ReadAllText(_home.ClaudeSettings));
    }

    /// <summary>The file before, what the user changes in ours, and the file after <c>--restore</c>.</summary>
    public static TheoryData<string, string?, string, string, string> Comments => new()
    {
        { "claude", """{"theme":"dark"}""", "\"dark\",", "\"dark\", // nice", "{\n  \"theme\": \"dark\" // nice\n}\n" },
        { "claude", """{"model":"opus"}""", "{\n  \"model\"", "// mine\n{\n  /* , */ \"model\"", "// mine\n{\n  /* , */ \"model\": \"opus\"\n}\n" },
        { "claude", null, "\"env\": {", "\"env\": {\n    // keep", "{\n  \"env\": {\n    // keep\n  }\n}\n" },
        { "claude", """{"env":{"A":"b"}}""", "\"A\": \"b\",", "\"A\": \"b\" /* x */, // y", "{\n  \"env\": {\n    \"A\": \"b\" /* x */ // y\n  }\n}\n" },
        { "claude", null, "\"\n  }\n}", "\",\n    \"Z\": \"z\",\n  },\n}", "{\n  \"env\": {\n    \"Z\": \"z\",\n  },\n}\n" },
        { "claude", null, "\"skipWebFetchPreflight\": true,", "\"skipWebFetchPreflight\": true // why\n  ,", "{\n   // why\n  \n}\n" },
        {
            "opencode", """{"provider":{"privatemode":{"name":"mine"}}}""", "{\n  \"provider\"", "{\n  // mine\n  \"provider\"",
            "{\n  // mine\n  \"provider\": {\n    \"privatemode\": {\n      \"name\": \"mine\"\n    }\n  }\n}\n"
        },
    };

    /// <summary>Programs accept comments in their settings. They and everything else of the user stay; only our members go.</summary>
    [Theory]
    [MemberData(nameof(Comments))]
    public async Task Restore_OfAFileWithComments_KeepsThem(string program, string? before, string ours, string edited, string expected)
    {
        string path = _home.PathOf(program);
        AssistantHome.Write(path, before);
        _ = await _run.InvokeAsync("launch", program, "--demo", "--config");
        Assert.Contains(ours, File.ReadAllText(path), StringComparison.Ordinal);
        File.WriteAllText(path, File.ReadAllText(path).Replace(ours, edited, StringComparison.Ordinal));

        (int exitCode, string text, _) = await _run.InvokeAsync("launch", program, "--restore");

        Assert.Equal(0, exitCode);
        Assert.Contains($"restored {path}", text, StringComparison.Ordinal);
        Assert.Equal(expected, File.ReadAllText(path));
        Assert.Equal("Nothing to restore.\n", (await _run.InvokeAsync("launch", program, "--restore")).Out);
    }

    [Fact]
    public async Task Restore_OfAFileThatIsNotJsonAnyMore_ChangesNothingAndCanBeRepeated()
    {
        _ = await _run.InvokeAsync("launch", "claude", "--demo", "--config");
        string ours = File.ReadAllText(_home.ClaudeSettings);
        File.WriteAllText(_home.ClaudeSettings, $"{ours[..^3]},, \"mine\": 1 }}");

        (int exitCode, _, string error) = await _run.InvokeAsync("launch", "claude", "--restore");
        string after = File.ReadAllText(_home.ClaudeSettings);
        File.WriteAllText(_home.ClaudeSettings, ours);
        (int restored, _, _) = await _run.InvokeAsync("launch", "claude", "--restore");

        Assert.Equal((2, 0), (exitCode, restored));
        Assert.Contains("is not JSON any more. Nothing was changed in it. Correct it, then use --restore.", error, StringComparison.Ordinal);
        Assert.Contains("\"mine\": 1", after, StringComparison.Ordinal);
        Assert.False(File.Exists(_home.ClaudeSettings));
    }

    /// <summary>Without this, the program would send prompts to its vendor although the user asked for the opposite.</summary>
    [Fact]
    public async Task ConfigThatIsRefused_DoesNotUndoTheOneBefore()
    {
        _ = await _run.InvokeAsync("launch", "claude", "--demo", "--config");
        File.WriteAllText(_home.ClaudeSettings, $"// mine\n{File.ReadAllText(_home.ClaudeSettings)}");
        string before = File.ReadAllText(_home.ClaudeSettings);

        (int exitCode, _, _) = await _run.InvokeAsync("launch", "claude", "--demo", "--config", "--port", "9090");

        Assert.Equal(2, exitCode);
        Assert.Equal(before, File.ReadAllText(_home.ClaudeSettings));
        Assert.Equal(0, (await _run.InvokeAsync("launch", "claude", "--restore")).ExitCode);
        Assert.Equal("// mine\n{\n}\n", File.ReadAllText(_home.ClaudeSettings));
    }

    [Fact]
    public async Task FileWithACallerKey_IsOnlyForTheUser()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        const UnixFileMode ForAll = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        AssistantHome.Write(_home.ClaudeSettings, "{}");
        File.SetUnixFileMode(_home.ClaudeSettings, ForAll);

        _ = await _run.InvokeAsync("launch", "claude", "--demo", "--config", "--caller-key", "a-secret-caller-key");
        UnixFileMode configured = File.GetUnixFileMode(_home.ClaudeSettings);
        _ = await _run.InvokeAsync("launch", "claude", "--restore");

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, configured);
        Assert.Equal(ForAll, File.GetUnixFileMode(_home.ClaudeSettings));
    }

    /// <summary>Some point a configuration to /dev/null to switch it off. Renaming would replace the device, and reading a pipe would wait.</summary>
    [Fact]
    public async Task ConfigurationThatIsAPipe_IsRefused()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        AssistantHome.Write(_home.CodexSettings, null);
        using (System.Diagnostics.Process make = System.Diagnostics.Process.Start("mkfifo", [_home.CodexSettings]))
        {
            await make.WaitForExitAsync().OrTimeout();
        }

        (int exitCode, _, string error) = await _run.InvokeAsync("launch", "codex", "--demo", "--config");

        Assert.Equal(2, exitCode);
        Assert.Contains("is a device or a pipe. Use --print and edit the configuration yourself.", error, StringComparison.Ordinal);
    }

    /// <summary>A configuration outlives the proxy: its port is free for others then.</summary>
    [Fact]
    public async Task Config_SaysWhatHappensWithoutTheProxy()
    {
        (_, _, string error) = await _run.InvokeAsync("launch", "codex", "--demo", "--config", "--port", "9090");

        Assert.Contains(
            "While no proxy listens on port 9090, another user of this machine could listen there and read what codex sends.", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DirectoriesOfTheState_AreOnlyForTheUser()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        _run.SetVariable("PRIVATEMODE_STATE", Path.Combine(_run.WorkingDirectory, "a", "b"));
        _ = await _run.InvokeAsync("launch", "codex", "--demo", "--config");

        foreach (string directory in (string[])["a", "a/b", "a/b/launch"])
        {
            Assert.Equal(
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
                File.GetUnixFileMode(Path.Combine(_run.WorkingDirectory, directory)));
        }
    }
}
