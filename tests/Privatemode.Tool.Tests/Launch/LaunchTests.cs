using System.Text.Json;
using Privatemode.Tool.Launch;
using Privatemode.Tool.Tests.Fakes;

namespace Privatemode.Tool.Tests.Launch;

public sealed class LaunchTests : IDisposable
{
    private static readonly string[] Programs = ["claude", "codex", "opencode"];

    private readonly ToolRun _run = new();

    private readonly AssistantHome _home;

    public LaunchTests() => _home = new AssistantHome(_run);

    public void Dispose() => _run.Dispose();

    /// <summary>The program and its file as the user left it; null if the program has no file.</summary>
    public static TheoryData<string, string?> Files => new()
    {
        { "claude", null },
        { "claude", "{}" },
        { "claude", """{"model":"opus","env":{"A":"b","ANTHROPIC_BASE_URL":"https://example.com"},"permissions":{"allow":["x"]}}""" },
        { "claude", "{\r\n  \"model\": \"opus\"\r\n}\r\n" },
        { "claude", "\uFEFF{ \"env\": {} }" },
        { "claude", """{"env":{"HTTP_PROXY":"http://proxy.example:3128","NO_PROXY":"intranet.example, 127.0.0.1","no_proxy":7}}""" },
        { "codex", null },
        { "codex", "" },
        { "codex", "model = \"gpt-5\"" },
        { "codex", "# mine\nmodel = \"gpt-5\" # the best\nmodel_provider=\"openai\"\n\n[tui]\nmodel = 1\n\n[model_providers.other]\nname = \"o\"\n" },
        { "codex", "approval_policy = \"never\"\r\n\"model\" = 'x'\r\n[a]\r\nb = 1\r\n" },
        { "codex", "\uFEFFmodel = \"x\"\n" },
        { "codex", "notify = [\"a\", \"b\"]\n[mcp_servers.x]\nargs = [\n  \"y\",\n]\n" },
        { "codex", "model = \"a\"\r\nmodel_provider = \"b\"\nprofile = \"work\"\r\n[tui]\nx = 1\r\n" },
        { "opencode", null },
        { "opencode", "{}" },
        { "opencode", """{"model":"anthropic/claude","provider":{"other":{"name":"o"}},"keybinds":{}}""" },
        { "opencode", """{"provider":{"privatemode":{"name":"mine"}},"enabled_providers":["a"]}""" },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public async Task ConfigAndRestore_LeaveEveryByteAsItWas(string program, string? before)
    {
        string path = _home.PathOf(program);
        AssistantHome.Write(path, before);
        byte[]? bytes = before is null ? null : File.ReadAllBytes(path);

        (int configured, string text, _) = await _run.InvokeAsync("launch", program, "--demo", "--config");
        string after = File.ReadAllText(path);
        (int restored, _, _) = await _run.InvokeAsync("launch", program, "--restore");

        Assert.Equal((0, 0), (configured, restored));
        Assert.Contains($"wrote {path}", text, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1:8080", after, StringComparison.Ordinal);
        Assert.Equal(bytes, File.Exists(path) ? File.ReadAllBytes(path) : null);
        Assert.False(File.Exists(Path.Combine(_run.WorkingDirectory, ".codex", "privatemode-models.json")));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public async Task ConfigTwice_KeepsTheFirstBackup(string program, string? before)
    {
        string path = _home.PathOf(program);
        AssistantHome.Write(path, before);
        byte[]? bytes = before is null ? null : File.ReadAllBytes(path);

        _ = await _run.InvokeAsync("launch", program, "--demo", "--config");
        (int second, _, _) = await _run.InvokeAsync("launch", program, "--demo", "--config", "--port", "9090");
        string after = File.ReadAllText(path);
        _ = await _run.InvokeAsync("launch", program, "--restore");

        Assert.Equal(0, second);
        Assert.Contains("127.0.0.1:9090", after, StringComparison.Ordinal);
        Assert.DoesNotContain("127.0.0.1:8080", after, StringComparison.Ordinal);
        Assert.Equal(bytes, File.Exists(path) ? File.ReadAllBytes(path) : null);
    }

    [Fact]
    public async Task MembersThatTheUserChanged_StayAndAreNamed()
    {
        AssistantHome.Write(_home.ClaudeSettings, """{"model":"opus","theme":"dark"}""");
        _ = await _run.InvokeAsync("launch", "claude", "--demo", "--config");
        File.WriteAllText(
            _home.ClaudeSettings,
            File.ReadAllText(_home.ClaudeSettings).Replace("\"glm-5.3-flash\",\n  \"theme\"", "\"mine\",\n  \"theme\"", StringComparison.Ordinal));

        (_, string text, _) = await _run.InvokeAsync("launch", "claude", "--restore");

        using JsonDocument settings = JsonDocument.Parse(File.ReadAllText(_home.ClaudeSettings));
        Assert.Equal(["model", "theme"], settings.RootElement.EnumerateObject().Select(member => member.Name));
        Assert.Equal("mine", settings.RootElement.GetProperty("model").GetString());
        Assert.Contains("kept \"model\": it was changed after this command wrote it", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task LinesThatTheUserAdded_Stay()
    {
        AssistantHome.Write(_home.CodexSettings, "model = \"gpt-5\"\n");
        _ = await _run.InvokeAsync("launch", "codex", "--demo", "--config");
        File.AppendAllText(_home.CodexSettings, "[tui]\nnotifications = true\n");

        _ = await _run.InvokeAsync("launch", "codex", "--restore");

        Assert.Equal("model = \"gpt-5\"\n[tui]\nnotifications = true\n", File.ReadAllText(_home.CodexSettings));
    }

    /// <summary>Codex (0.171) keeps comments at the end of its file last: tables that it adds come before our mark, and keys before the first table.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task WhatCodexAddsBetweenOurMarks_Stays(bool isConfiguredAgain)
    {
        const string Tables = "[features]\nmulti_agent = true\n\n[mcp_servers.mine]\n# twice\ncommand = \"/bin/true\"\nmodel = 1\n";
        AssistantHome.Write(_home.CodexSettings, "model = \"gpt-5\"\n[tui]\nnotifications = true\n");
        _ = await _run.InvokeAsync("launch", "codex", "--demo", "--config");
        string ours = File.ReadAllText(_home.CodexSettings);
        int end = ours.LastIndexOf("# <<<", StringComparison.Ordinal);
        string added = $"{ours[..end]}\n[model_providers.privatemode.http_headers]\na = \"b\"\n\n{Tables}{ours[end..]}";
        File.WriteAllText(
            _home.CodexSettings,
            added.Replace("web_search = \"disabled\"\n", "model_reasoning_effort = \"high\"\nweb_search = \"live\"\n", StringComparison.Ordinal));

        if (isConfiguredAgain)
        {
            _ = await _run.InvokeAsync("launch", "codex", "--demo", "--config");
        }

        (int exitCode, _, _) = await _run.InvokeAsync("launch", "codex", "--restore");

        Assert.Equal(0, exitCode);
        Assert.Equal(
            $"model_reasoning_effort = \"high\"\nmodel = \"gpt-5\"\n[tui]\nnotifications = true\n{Tables}", File.ReadAllText(_home.CodexSettings));
    }

    /// <summary>A profile of Codex, and the cloud switches of Claude Code, would win over the address of the proxy.</summary>
    [Fact]
    public async Task WhatWouldSendPromptsSomewhereElse_IsSwitchedOff()
    {
        AssistantHome.Write(_home.CodexSettings, "profile = \"work\" # mine\r\nmodel = \"a\"\n[profiles.work]\nmodel_provider = \"openai\"\n");
        AssistantHome.Write(_home.ClaudeSettings, """{"env":{"CLAUDE_CODE_USE_BEDROCK":"1","CLAUDE_CODE_USE_MANTLE":"1","ANTHROPIC_UNIX_SOCKET":"/tmp/x"}}""");
        _home.WriteProgram("codex", "exit 0");

        (int refused, _, string error) = await _run.InvokeAsync("launch", "codex", "--demo");
        _ = await _run.InvokeAsync("launch", "codex", "--demo", "--config");
        _ = await _run.InvokeAsync("launch", "claude", "--demo", "--config");
        (int started, _, _) = await _run.InvokeAsync("launch", "codex", "--demo");

        Assert.Equal((2, 0), (refused, started));
        Assert.Contains("selects a profile, whose provider would be used instead of this proxy.", error, StringComparison.Ordinal);
        Assert.Contains(
            "#privatemode# profile = \"work\" # mine\r\n#privatemode# model = \"a\"\n[profiles.work]\n",
            File.ReadAllText(_home.CodexSettings),
            StringComparison.Ordinal);
        using JsonDocument settings = JsonDocument.Parse(File.ReadAllText(_home.ClaudeSettings));
        Assert.All(
            (string[])["CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY", "CLAUDE_CODE_USE_MANTLE",
                "CLAUDE_CODE_USE_ANTHROPIC_AWS", "CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD", "CLAUDE_CODE_USE_GATEWAY", "ANTHROPIC_UNIX_SOCKET"],
            destination => Assert.Equal("", settings.RootElement.GetProperty("env").GetProperty(destination).GetString()));
    }

    /// <summary>With HTTP_PROXY and without our address in NO_PROXY, Claude Code sent prompts unencrypted to the proxy of the network. Its settings win over
    /// the environment.</summary>
    [Fact]
    public async Task ProxyOfTheNetworkInSettings_DoesNotGetPromptsOfClaudeCode()
    {
        string record = Path.Combine(_run.WorkingDirectory, "record");
        _home.WriteProgram("claude", $"env > '{record}'; cat \"$2\" >> '{record}'");
        _run.SetVariable("NO_PROXY", "intranet.example");
        AssistantHome.Write(_home.ClaudeSettings, """{"env":{"HTTP_PROXY":"http://proxy.example:3128","NO_PROXY":"other.example","no_proxy":"127.0.0.1"}}""");

        _ = await _run.InvokeAsync("launch", "claude", "--demo");
        _ = await _run.InvokeAsync("launch", "claude", "--demo", "--config");

        string text = File.ReadAllText(record);
        Assert.Contains("\nCLAUDE_CODE_PROVIDER_MANAGED_BY_HOST=1\n", text, StringComparison.Ordinal);
        JsonElement started = JsonDocument.Parse(text[text.IndexOf("\n{", StringComparison.Ordinal)..]).RootElement.GetProperty("env");
        JsonElement written = JsonDocument.Parse(File.ReadAllText(_home.ClaudeSettings)).RootElement.GetProperty("env");
        Assert.False(started.TryGetProperty("CLAUDE_CODE_PROVIDER_MANAGED_BY_HOST", out _));
        Assert.Equal(
            ["intranet.example,127.0.0.1,localhost", "intranet.example,127.0.0.1,localhost", "other.example,127.0.0.1,localhost", "127.0.0.1,localhost"],
            new[] { started, written }.SelectMany(env => new[] { env.GetProperty("NO_PROXY").GetString(), env.GetProperty("no_proxy").GetString() }));
    }

    /// <summary>The variables in this file win over those of the process.</summary>
    [Theory]
    [InlineData("NO_PROXY=intranet.example\n", true)]
    [InlineData("A=b\r\nexport no_proxy = \"intranet.example\" # 127.0.0.1\r\n", true)]
    [InlineData("NO_PROXY=127.0.0.1\nNO_PROXY=\n", true)]
    [InlineData("NO_PROXY=127.0.0.10\n", true)]
    [InlineData("\uFEFFNO_PROXY=intranet.example\n", true)]
    [InlineData("export\tNO_PROXY=intranet.example\n", true)]
    [InlineData("HTTP_PROXY=http://proxy.example:3128\n", false)]
    [InlineData("# NO_PROXY=intranet.example\nNO_PROXY='intranet.example, 127.0.0.1'\n", false)]
    public async Task ProxyOfTheNetworkInDotEnv_DoesNotGetPromptsOfCodex(string variables, bool isRefused)
    {
        AssistantHome.Write(Path.Combine(_run.WorkingDirectory, ".codex", ".env"), variables);
        _home.WriteProgram("codex", "exit 0");

        (int exitCode, _, string error) = await _run.InvokeAsync("launch", "codex", "--demo");

        Assert.Equal(isRefused ? 2 : 0, exitCode);
        Assert.Equal(isRefused, error.Contains("sets NO_PROXY without 127.0.0.1.", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("claude", "{ // mine\n }", "is not plain JSON (it may have comments). Use --print and edit it yourself.")]
    [InlineData("claude", "{\"model\":1,\"model\":2}", "is not plain JSON")]
    [InlineData("claude", "{\"env\":[]}", "has a \"env\" that is not an object.")]
    [InlineData("codex", "[model_providers.privatemode]\nname = \"x\"\n", "has a table [model_providers.privatemode] that this command cannot change safely.")]
    [InlineData("codex", "[model_providers.\"privatemode\"]\n", "cannot change safely")]
    [InlineData("codex", "model_providers.privatemode.name = \"x\"\n", "cannot change safely")]
    [InlineData("codex", "model_providers = { privatemode = { name = \"x\" } }\n", "cannot change safely")]
    [InlineData("codex", "[model_providers]\nprivatemode = { name = \"x\" }\n", "cannot change safely")]
    [InlineData("codex", "[ model_providers ]\n'privatemode'.name = \"x\"\n", "cannot change safely")]
    [InlineData("codex", "x = \"\"\"\nmodel = 1\n\"\"\"\n", "several lines before the first table")]
    [InlineData("codex", "x = [\n\"a\"]\n", "several lines before the first table")]
    public async Task FileThatCannotBeChangedSafely_IsLeftAlone(string program, string content, string message)
    {
        string path = _home.PathOf(program);
        AssistantHome.Write(path, content);

        (int exitCode, _, string error) = await _run.InvokeAsync("launch", program, "--demo", "--config");

        Assert.Equal(2, exitCode);
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.Equal(content, File.ReadAllText(path));
        Assert.Equal("Nothing to restore.\n", (await _run.InvokeAsync("launch", program, "--restore")).Out);
    }

    [Fact]
    public async Task OpenCodeWithComments_IsLeftAlone()
    {
        AssistantHome.Write(Path.Combine(Path.GetDirectoryName(_home.OpenCodeSettings)!, "opencode.jsonc"), "{}");

        (int exitCode, _, string error) = await _run.InvokeAsync("launch", "opencode", "--demo", "--config");

        Assert.Equal(2, exitCode);
        Assert.Contains("opencode.jsonc\" would be used instead of opencode.json", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Link_IsFollowed()
    {
        string target = _run.WriteFile("dotfiles.json", """{"model":"opus"}""");
        _ = Directory.CreateDirectory(Path.GetDirectoryName(_home.ClaudeSettings)!);
        _ = File.CreateSymbolicLink(_home.ClaudeSettings, target);

        _ = await _run.InvokeAsync("launch", "claude", "--demo", "--config");

        Assert.Contains("127.0.0.1:8080", File.ReadAllText(target), StringComparison.Ordinal);
        Assert.NotNull(new FileInfo(_home.ClaudeSettings).LinkTarget);
    }

    [Fact]
    public async Task Print_WritesNothingAndHidesTheKey()
    {
        foreach (string program in Programs)
        {
            (int exitCode, string text, _) = await _run.InvokeAsync("launch", program, "--demo", "--print", "--caller-key", "a-secret-caller-key");

            Assert.Equal(0, exitCode);
            Assert.Contains("127.0.0.1:8080", text, StringComparison.Ordinal);
            Assert.DoesNotContain("a-secret-caller-key", text, StringComparison.Ordinal);
            Assert.False(File.Exists(_home.PathOf(program)));
        }
    }

    [Fact]
    public async Task Print_AsJson_IsOneLine()
    {
        (_, string text, _) = await _run.InvokeAsync("launch", "codex", "--demo", "--print", "--json");

        JsonElement json = JsonDocument.Parse(Assert.Single(text.Split('\n', StringSplitOptions.RemoveEmptyEntries))).RootElement;
        Assert.Equal(("privatemode.launch/1", "print"), (json.GetProperty("schema").GetString(), json.GetProperty("action").GetString()));
        Assert.Equal(2, json.GetProperty("files").GetArrayLength());
        Assert.Contains("model_provider", json.GetProperty("files")[1].GetProperty("content").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"claude\" is not installed. Install it with: npm install -g @anthropic-ai/claude-code", "claude")]
    [InlineData("\"codex\" is not installed. Install it with: npm install -g @openai/codex", "codex")]
    [InlineData("\"opencode\" is not installed. Install it with: npm install -g opencode-ai", "opencode")]
    [InlineData("--config, --restore and --print cannot be combined.", "claude", "--config", "--restore")]
    [InlineData("--caller-key needs --config or --print: a program that is run gets a key of its own.", "claude", "--caller-key", "x")]
    [InlineData("invalid argument \"70000\" for \"--port\" flag", "claude", "--print", "--port", "70000")]
    [InlineData("--program: \"missing\" is not a program.", "claude", "--program", "missing")]
    public async Task WrongFlags_AreOneLine(string expected, params string[] args)
    {
        (int exitCode, _, string error) = await _run.InvokeAsync(["launch", .. args, "--demo"]);

        Assert.Equal(2, exitCode);
        Assert.EndsWith($"Error: {expected}\n", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("claude")]
    [InlineData("codex")]
    [InlineData("opencode")]
    public async Task Program_RunsWithAKeyOfItsOwn_AndItsExitCodeIsOurs(string program)
    {
        string record = Path.Combine(_run.WorkingDirectory, "record");
        _home.WriteProgram(program, $"env > '{record}'; printf '%s\\n' \"$@\" >> '{record}'; cat /dev/null \"${{2:-/dev/null}}\" >> '{record}' 2>&1; exit 7");
        System.Environment.SetEnvironmentVariable("OPENAI_API_KEY", "sk-of-another-service");
        try
        {
            (int exitCode, _, string error) = await _run.InvokeAsync("launch", program, "--demo", "--", "first", "--json");

            string text = File.ReadAllText(record);
            Assert.Equal(7, exitCode);
            Assert.Contains($"; {program} uses glm-5.3-flash\n", error, StringComparison.Ordinal);
            Assert.DoesNotContain("sk-of-another-service", text, StringComparison.Ordinal);
            Assert.Contains("\nfirst\n--json\n", text, StringComparison.Ordinal);
            Assert.Matches("http://127.0.0.1:[0-9]+", text);
            Assert.Contains("NO_PROXY=", text, StringComparison.Ordinal);
            Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(_run.StateDirectory, "launch")));
        }
        finally
        {
            System.Environment.SetEnvironmentVariable("OPENAI_API_KEY", null);
        }
    }

    /// <summary>Claude Code 2.1.332 sent prompts to the Google Cloud of this variable, past the address of the proxy.</summary>
    [Fact]
    public async Task VariablesOfOtherClouds_AreNotPassedOn()
    {
        const string Cloud = "CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD", Next = "CLAUDE_CODE_USE_THE_NEXT_CLOUD", Address = "ANTHROPIC_NEXT_BASE_URL";
        const string Local = "CLAUDE_CODE_USE_POWERSHELL_TOOL";
        string record = Path.Combine(_run.WorkingDirectory, "record");
        _home.WriteProgram("claude", $"env > '{record}'");
        string[] names = [Cloud, Next, Address, Local];
        try
        {
            Array.ForEach(names, name => System.Environment.SetEnvironmentVariable(name, "1"));

            _ = await _run.InvokeAsync("launch", "claude", "--demo");
        }
        finally
        {
            Array.ForEach(names, name => System.Environment.SetEnvironmentVariable(name, null));
        }

        string[] lines = File.ReadAllLines(record);
        Assert.DoesNotContain(lines, line => line == $"{Cloud}=1" || line == $"{Next}=1" || line == $"{Address}=1");
        Assert.Contains($"{Local}=1", lines);
        Assert.Contains(lines, line => line.StartsWith("ANTHROPIC_BASE_URL=http://127.0.0.1:", StringComparison.Ordinal));
        Assert.Contains("CLAUDE_CODE_MAX_CONTEXT_TOKENS=1048576", lines);
    }

    [Theory]
    [InlineData(null, "127.0.0.1,localhost")]
    [InlineData("intranet.example, 127.0.0.1", "intranet.example,127.0.0.1,localhost")]
    [InlineData(" * ", "*,127.0.0.1,localhost")]
    public void NoProxy_NamesThisMachine(string? hosts, string expected) => Assert.Equal(expected, ChildProgram.WithLoopback(hosts));

    [Fact]
    public async Task ProxyOfTheProgram_TakesOnlyItsKey()
    {
        string record = Path.Combine(_run.WorkingDirectory, "record");
        _home.WriteProgram("claude", $$"""
            curl -s -o /dev/null -w '%{http_code} ' "$ANTHROPIC_BASE_URL/v1/models" > '{{record}}'
            curl -s -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $ANTHROPIC_AUTH_TOKEN" "$ANTHROPIC_BASE_URL/v1/models" >> '{{record}}'
            """);

        _ = await _run.InvokeAsync("launch", "claude", "--demo");

        Assert.Equal("401 200", File.ReadAllText(record));
    }
}
