using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;
using Privatemode.Tool.Tests.Fakes;

namespace Privatemode.Tool.Tests.Chat;

public sealed class ChatTests : IAsyncLifetime
{
    private readonly ToolRun _run = new();
    private PrivatemodeTestDeployment _deployment = null!;
    private Func<int, CancellationToken, ValueTask> _beforeEvent = (_, _) => ValueTask.CompletedTask;

    public async Task InitializeAsync()
    {
        _deployment = await PrivatemodeTestDeployment.StartAsync(new() { BeforeStreamEvent = (index, stop) => _beforeEvent(index, stop) });
        _run.ConfigureClient = _deployment.ConfigureClient;
        _run.SetVariable("PRIVATEMODE_API_KEY", "test-api-key");
    }

    public async Task DisposeAsync()
    {
        await _deployment.DisposeAsync();
        _run.Dispose();
    }

    [Fact]
    public async Task Prompt_GetsOneAnswer_OnStdoutOnly()
    {
        _ = _deployment.Model.Reply("It rains.").WithReasoning("Clouds.");

        (int exitCode, string text, string error) = await _run.InvokeAsync("chat", "How", "is it?");

        Assert.Equal(0, exitCode);
        Assert.Equal("It rains.\n", text);
        Assert.Matches(@"^verified: SEV-SNP, manifest [0-9a-f]{8}…, just now\n$", error);
        Assert.Equal("How is it?", LastUserText());
    }

    [Theory]
    [InlineData("chat")]
    [InlineData("transcribe", "-")]
    public async Task InputThatDoesNotEnd_IsLeftByTheFirstSignal(params string[] args)
    {
        WaitingInput input = new();
        _run.Console.Input = input;
        Task<(int ExitCode, string Out, string Error)> command = Task.Run(() => _run.InvokeAsync(args));
        await input.Reading.OrTimeout();

        try
        {
            _ = _run.Termination.Raise(PosixSignal.SIGTERM);
            Assert.Equal(130, (await command.OrTimeout()).ExitCode);
        }
        finally
        {
            input.End();
        }
    }

    [Fact]
    public async Task PromptAndInput_AreJoined()
    {
        _run.Console.InputBytes = Encoding.UTF8.GetBytes("line one\nline two\n");

        (int exitCode, _, _) = await _run.InvokeAsync("chat", "Summarize:", "--model", "gpt-oss-120b", "--system", "Be short.", "--max-tokens", "7");

        Assert.Equal(0, exitCode);
        Assert.Equal("Summarize:\n\nline one\nline two", LastUserText());
        JsonElement body = JsonDocument.Parse(_deployment.Requests[0].DecryptedBody!).RootElement;
        Assert.Equal("system", body.GetProperty("messages")[0].GetProperty("role").GetString());
        Assert.Contains(":7", body.GetRawText(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("There is no prompt. Give one as an argument or on stdin.")]
    [InlineData("--reasoning: \"x\" is neither hide nor show", "hi", "--reasoning", "x")]
    [InlineData("--effort: \"x\" is not one of low, medium, high", "hi", "--effort", "x")]
    [InlineData("--max-tokens: \"0\" is not a number greater than 0", "hi", "--max-tokens", "0")]
    [InlineData("--image: \"text\" is not a PNG, JPEG, WebP or GIF image.", "hi", "--image", "text")]
    [InlineData("--image: \"missing\" cannot be read: the file does not exist.", "hi", "--image", "missing")]
    [InlineData("--system: \"missing\" cannot be read: the file does not exist.", "hi", "--system", "@missing")]
    public async Task WrongFlag_IsOneLine_AndNothingIsSent(string expected, params string[] args)
    {
        _ = _run.WriteFile("text", "no image");

        (int exitCode, _, string error) = await _run.InvokeAsync(["chat", .. args]);

        Assert.Equal(2, exitCode);
        Assert.Equal($"Error: {expected}\n", error);
        Assert.Empty(_deployment.AllRequests);
    }

    [Fact]
    public async Task UnknownModel_NamesTheOfferedOnes()
    {
        (int exitCode, _, string error) = await _run.InvokeAsync("chat", "hi", "--model", "x");

        Assert.Equal(2, exitCode);
        Assert.StartsWith("Error: Model \"x\" is not offered. Offered: gpt-oss-120b, ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TooManyWords_AreCounted()
    {
        _run.Console.InputBytes = Encoding.UTF8.GetBytes(string.Join(' ', Enumerable.Repeat("w", 70_001)));

        (int exitCode, _, string error) = await _run.InvokeAsync("chat");

        Assert.Equal(2, exitCode);
        Assert.EndsWith("Error: The conversation has 70001 words. Models read at most about 70000. Shorten it.\n", error, StringComparison.Ordinal);
        Assert.Empty(_deployment.Requests);
    }

    [Fact]
    public async Task Json_HasTheWholeAnswer()
    {
        _ = _deployment.Model.Reply("Yes.").WithReasoning("Because.");

        (int exitCode, string text, _) = await _run.InvokeAsync("chat", "hi", "--json");

        Assert.Equal(0, exitCode);
        JsonElement json = JsonDocument.Parse(text).RootElement;
        Assert.Equal(
            ["schema", "model", "text", "reasoning", "finishReason", "usage", "receipt"], json.EnumerateObject().Select(member => member.Name));
        Assert.Equal("Yes.", json.GetProperty("text").GetString());
        Assert.Equal("Because.", json.GetProperty("reasoning").GetString());
        Assert.Equal(64, json.GetProperty("receipt").GetProperty("manifestSha256").GetString()!.Length);
    }

    [Fact]
    public async Task Reasoning_IsShownOnStderr()
    {
        _ = _deployment.Model.Reply("Yes.").WithReasoning("Because of clouds.");

        (_, string text, string error) = await _run.InvokeAsync("chat", "hi", "--reasoning", "show", "--receipt");

        Assert.Equal("Yes.\n", text);
        Assert.Contains("Because of clouds.\n{", error, StringComparison.Ordinal);
        Assert.Contains("\"requestId\"", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Image_ReachesTheDeployment()
    {
        byte[] png = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 1, 2, 3];
        await File.WriteAllBytesAsync(Path.Combine(_run.WorkingDirectory, "a.png"), png);

        (int exitCode, _, string error) = await _run.InvokeAsync("chat", "What is this?", "--image", "a.png");

        Assert.True(exitCode == 0, error);
        Assert.Contains($"data:image/png;base64,{Convert.ToBase64String(png)}", _deployment.Requests[0].DecryptedBody, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Document_IsTurnedIntoText()
    {
        _ = _run.WriteFile("contract.txt", "a contract");
        _ = _deployment.Model.ReplyWithDocument(new ScriptedDocumentElement("Title", "Contract of sale")).Then.Reply("Fine.");

        (int exitCode, string text, _) = await _run.InvokeAsync("chat", "Is it fine?", "--file", "contract.txt");

        Assert.Equal(0, exitCode);
        Assert.Equal("Fine.\n", text);
        Assert.Contains("Contract of sale", _deployment.Requests[^1].DecryptedBody, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, "a␛[31mred␛b\n")]
    [InlineData(false, "a\u001b[31mred\u009bb\n")]
    public async Task EscapeSequences_OfAnAnswer_DoNotReachATerminal(bool isTerminal, string expected)
    {
        _ = _deployment.Model.Reply("a\u001b[31mred\u009bb");
        _run.Console.IsOutputTerminal = isTerminal;

        (_, string text, _) = await _run.InvokeAsync("chat", "hi");

        Assert.Equal(expected, text);
    }

    [Fact]
    public async Task CutStream_EndsWithRefused_ThoughTextIsOut()
    {
        _ = _deployment.Model.Reply("one two three four");
        _deployment.Faults.Inject(Fault.TruncateEvent(4));

        (int exitCode, string text, string error) = await _run.InvokeAsync("chat", "hi");

        Assert.Equal(3, exitCode);
        Assert.StartsWith("one two", text, StringComparison.Ordinal);
        Assert.EndsWith("Error: the answer was cut; do not use it.\n", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RefusedDeployment_GetsNoPrompt()
    {
        _deployment.Evidence.Defect = EvidenceDefect.SnpDebug;

        (int exitCode, string text, string error) = await _run.InvokeAsync("chat", "a secret", "--json");

        Assert.Equal(3, exitCode);
        Assert.Empty(_deployment.Requests);
        JsonElement json = JsonDocument.Parse(text).RootElement;
        Assert.Equal("privatemode.error/1", json.GetProperty("schema").GetString());
        Assert.Equal(3, json.GetProperty("exitCode").GetInt32());
        Assert.StartsWith("Error: ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Signal_DuringAnAnswer_CancelsAndEndsWith130()
    {
        _ = _deployment.Model.Reply("one two three four");
        TaskCompletionSource aborted = HoldAt(3);
        Task<(int ExitCode, string Out, string Error)> running = _run.InvokeAsync("chat", "hi");
        await _run.Console.WaitForOutAsync(text => text.Contains("one", StringComparison.Ordinal));

        _ = _run.Termination.Raise(PosixSignal.SIGINT);

        Assert.Equal(130, (await running).ExitCode);
        await aborted.Task.OrTimeout();
    }

    [Fact]
    public async Task Conversation_KeepsItsHistory_AndEndsAtTheEndOfInput()
    {
        _ = _deployment.Model.Reply("Hello Ada.").Then.Reply("Ada.").Then.Reply("Still Ada.");

        (int exitCode, string text, string error) = await ConverseAsync("I am Ada.\n\nWho am I?\n/retry\n/models\n/frob\n/model x\n\"\"\"two\nlines\"\"\"\n");

        Assert.Equal(0, exitCode);
        Assert.StartsWith("Hello Ada.\nAda.\nStill Ada.\n", text, StringComparison.Ordinal);
        string body = _deployment.Requests[2].DecryptedBody!;
        Assert.Contains("Hello Ada.", body, StringComparison.Ordinal);
        Assert.DoesNotContain("\"Ada.\"", body, StringComparison.Ordinal);
        Assert.Contains("Error: unknown command /frob. /help lists the commands.\n", error, StringComparison.Ordinal);
        Assert.Contains("Error: Model \"x\" is not offered.", error, StringComparison.Ordinal);
        Assert.Equal("two\nlines", LastUserText());
    }

    [Fact]
    public async Task Conversation_GoesOnAfterAnError()
    {
        _ = _deployment.Model.ReplyWithError(400, "too long").Then.Reply("Fine.");

        (int exitCode, string text, string error) = await ConverseAsync("first\nsecond\n/quit\n");

        Assert.Equal(0, exitCode);
        Assert.EndsWith("Fine.\n", text, StringComparison.Ordinal);
        Assert.Contains("Error: ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("first", _deployment.Requests[^1].DecryptedBody, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Signal_InAConversation_StopsTheAnswerOnly()
    {
        _ = _deployment.Model.Reply("one two three four").Then.Reply("Next.");
        TaskCompletionSource aborted = HoldAt(3);
        Task<(int ExitCode, string Out, string Error)> running = ConverseAsync("first\nsecond\n");
        await _run.Console.WaitForOutAsync(text => text.Contains("one", StringComparison.Ordinal));

        _ = _run.Termination.Raise(PosixSignal.SIGINT);
        await aborted.Task.OrTimeout();
        (int exitCode, string text, string error) = await running;

        Assert.Equal(0, exitCode);
        Assert.EndsWith("Next.\n", text, StringComparison.Ordinal);
        Assert.Contains("Stopped. The answer is not kept.", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Save_WritesTheConversation_AndReplacesNoFile()
    {
        _ = _deployment.Model.Reply("Hello.");

        (_, _, string error) = await ConverseAsync("Hi\n/save talk.md\n/save talk.md\n");

        Assert.Equal("## user\n\nHi\n\n## assistant\n\nHello.\n\n", await File.ReadAllTextAsync(Path.Combine(_run.WorkingDirectory, "talk.md")));
        Assert.Contains("Error: ", error, StringComparison.Ordinal);
    }

    private Task<(int ExitCode, string Out, string Error)> ConverseAsync(string input)
    {
        _run.Console.IsInputTerminal = true;
        _run.Console.In = new StringReader(input);
        return _run.InvokeAsync("chat", "--model", "gpt-oss-120b");
    }

    /// <summary>Holds the first answer before an event until its reader goes away.</summary>
    private TaskCompletionSource HoldAt(int held)
    {
        TaskCompletionSource aborted = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _beforeEvent = async (index, stop) =>
        {
            if (index == held && !aborted.Task.IsCompleted)
            {
                using CancellationTokenRegistration registration = stop.Register(() => aborted.TrySetResult());
                await aborted.Task;
                stop.ThrowIfCancellationRequested();
            }
        };
        return aborted;
    }

    private string? LastUserText()
    {
        JsonElement messages = JsonDocument.Parse(_deployment.Requests[^1].DecryptedBody!).RootElement.GetProperty("messages");
        JsonElement content = messages[messages.GetArrayLength() - 1].GetProperty("content");
        return content.ValueKind == JsonValueKind.String ? content.GetString() : content[0].GetProperty("text").GetString();
    }
}
