using Privatemode.Tool.Services;
using Privatemode.Tool.Tests.Fakes;

namespace Privatemode.Tool.Tests.CommandLine;

public sealed class RootTests : IDisposable
{
    private readonly ToolRun _run = new();

    public void Dispose() => _run.Dispose();

    [Fact]
    public async Task Version_IsOneLine()
    {
        (int exitCode, string text, string error) = await _run.InvokeAsync("--version");

        Assert.Equal(0, exitCode);
        Assert.Matches(@"^privatemode \d+\.\d+\.\d+[^ ]* \(protocol v1\.40\)\n$", text);
        Assert.Empty(error);
    }

    [Fact]
    public async Task NoArguments_ShowHelpAndFail()
    {
        (int exitCode, string text, _) = await _run.InvokeAsync();

        Assert.Equal(2, exitCode);
        Assert.Contains("privatemode [command] [options]", text, StringComparison.Ordinal);
        Assert.Contains("models", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Unknown flag \"--foo\". Run \"privatemode models --help\".", "models", "--foo")]
    [InlineData("Unknown flag \"--foo\". Run \"privatemode models --help\".", "models", "--foo=bar")]
    [InlineData("Unknown flag \"--demoo\". Did you mean --demo? Run \"privatemode models --help\".", "models", "--demoo")]
    [InlineData("Unknown flag \"--Demo\". Did you mean --demo? Run \"privatemode models --help\".", "models", "--Demo")]
    [InlineData("Unknown flag \"--modle\". Did you mean --model? Run \"privatemode chat --help\".",
        "chat", "--demo", "--modle", "x", "hi")]
    [InlineData("Unknown flag \"--continue\". Before an argument that begins with a hyphen, write --. Run \"privatemode launch claude --help\".",
        "launch", "claude", "--demo", "--continue")]
    [InlineData("Unknown flag \"-5\". Before an argument that begins with a hyphen, write --. Run \"privatemode chat --help\".",
        "chat", "--demo", "-5 + 3")]
    [InlineData("\"privatemode manifest\" needs a command: show, diff, log, pin", "manifest")]
    [InlineData("\"privatemode launch\" needs a command: claude, codex, opencode", "launch")]
    [InlineData("\"privatemode transcribe\" needs the argument <FILE>", "transcribe", "--demo")]
    [InlineData("Unknown command \"frob\". Run \"privatemode --help\".", "frob")]
    [InlineData("Unknown command \"modles\". Did you mean models? Run \"privatemode --help\".", "modles", "--demo")]
    [InlineData("Unknown command \"codx\". Did you mean codex? Run \"privatemode launch --help\".", "launch", "codx")]
    [InlineData("Unknown argument \"extra\". Run \"privatemode models --help\".", "models", "extra")]
    [InlineData("unknown command \"extra\" for \"privatemode proxy\"", "proxy", "extra")]
    [InlineData("flag needs an argument: --workspace", "models", "--demo", "--workspace")]
    [InlineData("invalid argument \"maybe\" for \"--demo\" flag", "models", "--demo=maybe")]
    [InlineData("--demo cannot be combined with --api-endpoint or --api-key.", "models", "--demo", "--api-key", "x")]
    [InlineData("--task: \"x\" is not one of generate, tool_calling, vision, embed, transcribe", "models", "--demo", "--task", "x")]
    [InlineData("No API key. Set PRIVATEMODE_API_KEY, or use --api-key @FILE. Without a key, try --demo.", "models")]
    [InlineData("The API key contains white space or control characters.", "models", "--api-key", "secret key")]
    [InlineData("--manifest: \"x\" is neither a SHA-256 digest (64 hexadecimal digits) nor a file.", "models", "--api-key", "k", "--manifest", "x")]
    [InlineData("--api-endpoint must be an https address, for example api.privatemode.ai:443", "models", "--api-key", "k", "--api-endpoint", "http://a")]
    [InlineData("--apiEndpoint must be an https address, for example api.privatemode.ai:443", "models", "--apiKey", "k", "--apiEndpoint", "https://a/b")]
    public async Task WrongArguments_AreOneLineAndExitCode2(string expected, params string[] args)
    {
        (int exitCode, string text, string error) = await _run.InvokeAsync(args);

        Assert.Equal(2, exitCode);
        Assert.Equal($"Error: {expected}\n", error);
        Assert.Empty(text);
    }

    [Fact]
    public async Task WrongArguments_WithJson_AreAlsoOneJsonLine()
    {
        (int exitCode, string text, _) = await _run.InvokeAsync("models", "--foo", "--json");

        Assert.Equal(2, exitCode);
        string error = """{"type":"usage","message":"Unknown flag \"--foo\". Run \"privatemode models --help\"."}""";
        Assert.Equal("""{"schema":"privatemode.error/1","exitCode":2,"error":""" + error + "}\n", text);
    }

    [Theory]
    [InlineData("--api-key")]
    [InlineData("--apiKey")]
    public async Task ApiKeyFile_IsNotAResponseFile(string flag)
    {
        // As a response file it would add '--demo', which does not fit to a key.
        string path = _run.WriteFile("key.txt", "--demo\n");

        (int exitCode, _, string error) = await _run.InvokeAsync("models", flag, "@key.txt", "--api-endpoint", "http://refused");

        Assert.Equal(2, exitCode);
        Assert.Equal("Error: --api-endpoint must be an https address, for example api.privatemode.ai:443\n", error);
        Assert.True(File.Exists(path));
    }

    [Theory]
    [InlineData("@missing", "failed to read API key file \"missing\": the file does not exist")]
    [InlineData("@.", "failed to read API key file \".\": it is a directory, or you do not have permission")]
    [InlineData("@empty", "The API key file \"empty\" is empty.")]
    public async Task ApiKeyFile_ThatCannotBeUsed_IsNamed(string key, string expected)
    {
        _ = _run.WriteFile("empty", " \n");

        (int exitCode, _, string error) = await _run.InvokeAsync("models", "--api-key", key);

        Assert.Equal(2, exitCode);
        Assert.Equal($"Error: {expected}\n", error);
    }

    [Theory]
    [InlineData("--demo=1")]
    [InlineData("--demo=t")]
    [InlineData("--demo=T")]
    [InlineData("--demo=TRUE")]
    [InlineData("--demo=true")]
    [InlineData("--demo=True")]
    [InlineData("--demo", "true")]
    [InlineData("--demo=false", "--demo")]
    [InlineData("--demo=0", "--demo=1")]
    public async Task Booleans_TakeTheWordsOfGo_AndTheLastOneCounts(params string[] flags)
    {
        (int exitCode, string text, string error) = await _run.InvokeAsync(["models", .. flags, "--task=embed"]);

        Assert.Equal(0, exitCode);
        Assert.Equal("qwen3-embedding-4b\t\tembed\n", text);
        Assert.StartsWith("Demo: the deployment runs inside this process", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--demo=0")]
    [InlineData("--demo=F")]
    [InlineData("--demo", "false")]
    [InlineData("--demo", "--demo=false")]
    public async Task Booleans_CanBeSwitchedOff(params string[] flags)
    {
        (int exitCode, _, string error) = await _run.InvokeAsync(["models", .. flags]);

        Assert.Equal(2, exitCode);
        Assert.StartsWith("Error: No API key.", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TextFlag_GivenTwice_TheLastOneCounts()
    {
        (int exitCode, string text, _) = await _run.InvokeAsync("models", "--demo", "--task", "nonsense", "--task", "transcribe");

        Assert.Equal(0, exitCode);
        Assert.Equal("whisper-large-v3\t\ttranscribe\n", text);
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("127.0.0.1:8080")]
    [InlineData("127.1.2.3")]
    [InlineData("[::1]:443")]
    [InlineData("[::ffff:127.0.0.1]")]
    [InlineData("0.0.0.0")]
    [InlineData("https://proxy.localhost:8080")]
    [InlineData("localhost.")]
    public async Task ApiEndpoint_OfThisMachine_IsRefused(string endpoint)
    {
        (int exitCode, _, string error) = await _run.InvokeAsync("models", "--api-key", "k", "--api-endpoint", endpoint);

        Assert.Equal(2, exitCode);
        Assert.StartsWith("Error: --api-endpoint is an address of this machine.", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Workspace_ThatCannotBeWritten_IsNamed()
    {
        string file = _run.WriteFile("file", "");

        (int exitCode, _, string error) = await _run.InvokeAsync("models", "--demo", "--workspace", "file");

        Assert.Equal(2, exitCode);
        Assert.StartsWith($"Error: The workspace \"{file}\" cannot be written: ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task State_IsReadableByTheUserOnly()
    {
        (int exitCode, _, _) = await _run.InvokeAsync("models", "--demo", "--workspace", _run.StateDirectory);

        Assert.Equal(0, exitCode);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_run.StateDirectory));
        }
    }

    /// <summary>The shell's <c>--api-key @&lt;(pass show key)</c> is a pipe, which has no length.</summary>
    [Fact]
    public void ApiKey_CanComeFromAPipe()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        using System.IO.Pipes.AnonymousPipeServerStream pipe = new(System.IO.Pipes.PipeDirection.In);
        using (System.IO.Pipes.AnonymousPipeClientStream writer = new(System.IO.Pipes.PipeDirection.Out, pipe.ClientSafePipeHandle))
        {
            writer.Write("a-key-from-a-pipe\n"u8);
        }

        Assert.Equal("a-key-from-a-pipe", KeyReader.Read($"@/proc/self/fd/{pipe.SafePipeHandle.DangerousGetHandle()}", _run.Context));
    }
}
