using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Privatemode.AI;
using Privatemode.AI.Testing;
using Xunit;

namespace UserPrograms;

/// <summary>Each exception reaches its own catch block.</summary>
public sealed class ErrorMessagesTests : IAsyncLifetime
{
    private PrivatemodeTestDeployment _deployment = null!;
    private PrivatemodeClient _client = null!;

    public async Task InitializeAsync()
    {
        _deployment = await PrivatemodeTestDeployment.StartAsync();
        _client = _deployment.CreateClient();
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _deployment.DisposeAsync();
    }

    [Fact]
    public async Task ModelIsUnavailable() => Assert.StartsWith("choose a model: ", await AskAsync("no-such-model"));

    [Fact]
    public async Task ServiceRefusesTheRequest()
    {
        _deployment.Model.ReplyWithError(400, "maximum context length exceeded");
        Assert.Equal("status 400: change the request", await AskAsync());
    }

    [Fact]
    public async Task OptionIsOutOfRange() => Assert.StartsWith("change ", await AskAsync(options: new() { Temperature = float.NaN }));

    [Fact]
    public async Task SettingIsWrong() => Assert.StartsWith("correct the setting ", await ErrorMessages.DescribeAsync(async () =>
    {
        await using PrivatemodeClient client = new(new PrivatemodeOptions { ApiKey = " " });
    }));

    [Fact]
    public async Task DeploymentIsNotVerified()
    {
        _deployment.Evidence.Defect = EvidenceDefect.WrongNonce;
        Assert.StartsWith("stop, not verified", await AskAsync());
    }

    [Fact]
    public async Task AnswerIsAltered()
    {
        _deployment.Faults.Inject(Fault.TamperEvent(0));
        Assert.Equal("stop, the answer was altered", await AskAsync());
    }

    [Fact]
    public async Task CallWouldLeak()
    {
        using HttpClient http = new(_client.CreateHandler()) { BaseAddress = _deployment.Endpoint };
        using StringContent body = new("text");
        Assert.StartsWith("change the call", await ErrorMessages.DescribeAsync(() => http.PostAsync("/v1/unknown", body)));
    }

    [Fact]
    public void EveryExceptionHasItsCatchBlock()
    {
        MethodInfo run = typeof(ErrorMessages).GetMethod(nameof(ErrorMessages.DescribeAsync))!.GetCustomAttribute<AsyncStateMachineAttribute>()!
            .StateMachineType.GetMethod("MoveNext", BindingFlags.NonPublic | BindingFlags.Instance)!;
        HashSet<Type?> caught = [.. run.GetMethodBody()!.ExceptionHandlingClauses
            .Where(clause => clause.Flags == ExceptionHandlingClauseOptions.Clause).Select(clause => clause.CatchType)];
        Type[] exceptions = [.. typeof(PrivatemodeException).Assembly.GetExportedTypes().Where(type => type.IsAssignableTo(typeof(PrivatemodeException)))];
        Assert.All(exceptions, type => Assert.Contains(type, caught));
    }

    private Task<string> AskAsync(string model = "gpt-oss-120b", ChatOptions? options = null) =>
        ErrorMessages.DescribeAsync(() => _client.AsIChatClient(model).GetResponseAsync("Hi", options));
}
