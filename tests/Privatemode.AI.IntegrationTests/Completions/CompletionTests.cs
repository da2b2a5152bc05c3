using System.Text.Json;
using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Completions;

/// <summary>Text completions, from the public door to the enclave and back.</summary>
public sealed class CompletionTests : DeploymentTest
{
    private TextCompletionClient Completions => Client.GetTextCompletionClient(ModelId);

    [Fact]
    public async Task Completion_Whole_IsEncryptedBothWays()
    {
        Deployment.Model.Reply("the answer")
            .WithUsage(new() { InputTokenCount = 3, OutputTokenCount = 5, CachedInputTokenCount = 1 }).WithFinishReason("length");

        TextCompletion completion = await Completions.CompleteAsync(
            new TextCompletionRequest("the prompt") { MaxOutputTokens = 7, StopSequences = ["the stop"], Seed = 4 }).OrTimeout();

        Assert.Equal(("the answer", ChatFinishReason.Length, ModelId), (completion.Text, completion.Choices[0].FinishReason, completion.ModelId));
        Assert.Equal((3L, 5L, 8L, 1L), (completion.Usage!.InputTokenCount, completion.Usage.OutputTokenCount, completion.Usage.TotalTokenCount,
            completion.Usage.CachedInputTokenCount));
        Assert.NotNull(completion.CreatedAt);
        RecordedRequest request = Assert.Single(Deployment.Requests);
        Assert.Equal(request.RequestId, completion.Receipt!.RequestId);
        Assert.DoesNotContain("the ", request.WireBodyText, StringComparison.Ordinal);
        using JsonDocument body = JsonDocument.Parse(request.DecryptedBody!);
        Assert.Equal("the stop", body.RootElement.GetProperty("stop").GetString());
        Assert.True(body.RootElement.TryGetProperty("cache_salt", out _));
    }

    [Fact]
    public async Task Completion_WithASuffix_IsRefusedByTheModelServer()
    {
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(
            () => Completions.CompleteAsync(new TextCompletionRequest("the prompt") { Suffix = "the suffix" }).OrTimeout());

        Assert.Equal((400, "suffix is not currently supported", true), (exception.Status, exception.ServerMessage, exception.IsServerMessageAuthenticated));
        using JsonDocument body = JsonDocument.Parse(Deployment.Requests[0].DecryptedBody!);
        Assert.Equal("the suffix", body.RootElement.GetProperty("suffix").GetString());
        Assert.DoesNotContain("the ", Deployment.Requests[0].WireBodyText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Completion_Streamed_ComesPieceByPieceWithUsageOnce()
    {
        Deployment.Model.Reply("one two three").WithUsage(new() { InputTokenCount = 3, OutputTokenCount = 5 });

        List<TextCompletion> events = await CollectAsync(new TextCompletionRequest("the prompt"));

        Assert.Equal(["one", " two", " three", "", ""], events.Select(part => part.Text));
        Assert.Equal(ChatFinishReason.Stop, Assert.Single(events, part => part.Choices is [{ FinishReason: not null }]).Choices[0].FinishReason);
        Assert.Equal(8, Assert.Single(events, part => part.Usage is not null).Usage!.TotalTokenCount);
        Assert.All(events, part => Assert.Equal(Deployment.Requests[0].RequestId, part.Receipt!.RequestId));
        Assert.DoesNotContain("prompt\":\"the", Deployment.Requests[0].WireBodyText, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Completion_OfSeveralPrompts_HasAllChoices(bool streamed)
    {
        Deployment.Model.Reply(" end");
        TextCompletionRequest request = new(["first", "second"]) { ChoiceCount = 2, Echo = true };

        IEnumerable<TextCompletionChoice> choices = streamed
            ? (await CollectAsync(request)).SelectMany(part => part.Choices)
            : (await Completions.CompleteAsync(request).OrTimeout()).Choices;

        Assert.Equal(
            ["first end", "first end", "second end", "second end"],
            choices.GroupBy(choice => choice.Index).OrderBy(group => group.Key).Select(group => string.Concat(group.Select(choice => choice.Text))));
    }

    [Fact]
    public async Task Completion_EchoWithLogprobs_TellsTheTokensOfThePrompt()
    {
        Deployment.Model.Reply("");
        TextCompletion completion = await Completions.CompleteAsync(
            new TextCompletionRequest("how many tokens") { Echo = true, TopLogProbabilityCount = 0, MaxOutputTokens = 0 }).OrTimeout();

        Assert.Equal("how many tokens", completion.Text);
        Assert.Equal(
            ["how", " many", " tokens"],
            completion.Choices[0].LogProbabilities!.Value.GetProperty("tokens").EnumerateArray().Select(token => token.GetString()));
        Assert.Contains("\"max_tokens\":0", Deployment.Requests[0].DecryptedBody, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Completion_LogprobsOfAStream_AreThoseOfThePieces()
    {
        Deployment.Model.Reply("one two");
        List<TextCompletion> events = await CollectAsync(new TextCompletionRequest("p") { TopLogProbabilityCount = 1 });

        Assert.Equal(["one", " two"], events.SelectMany(part => part.Choices).Where(choice => choice.Text.Length > 0)
            .Select(choice => choice.LogProbabilities!.Value.GetProperty("tokens")[0].GetString()));
    }

    // Events 0 to 2 carry a word each, 3 the finish, 4 the usage.
    public static TheoryData<Fault, string, string> Attacks => new()
    {
        { Fault.TamperEvent(2), "not-authentic", "one two" },
        { Fault.DropEvent(1), "not-authentic", "one" },
        { Fault.DuplicateEvent(1), "not-authentic", "one two" },
        { Fault.SwapEvents(0), "not-authentic", "" },
        { Fault.TruncateEvent(1), "truncated-stream", "one" },
        { Fault.CutConnection(700), "truncated-stream", "" },
        { Fault.RemoveFinishEvent, "truncated-stream", "one two three" },
        { Fault.RemoveEndMarker, "truncated-stream", "one two three" },
        { Fault.UnencryptedEvent(1), "unsealed-member", "one" },
        { Fault.UnencryptedSuccess(), "unexpected-form", "" },
    };

    [Theory]
    [MemberData(nameof(Attacks))]
    public async Task Stream_Attacked_GivesWhatIsAuthenticThenThrows(Fault fault, string failure, string text)
    {
        Deployment.Model.Reply("one two three");
        Deployment.Faults.Inject(fault);

        (List<TextCompletion> events, Exception? exception) = await TryCollectAsync(new TextCompletionRequest("p"));

        Assert.Equal(failure, Assert.IsType<PrivatemodeIntegrityException>(exception).ErrorType);
        Assert.Equal(text, string.Concat(events.Select(part => part.Text)));
    }

    [Fact]
    public async Task Stream_PausesTooLong_IsATimeoutAndNotSentAgain()
    {
        Deployment.Model.Reply("one two three");
        Deployment.Faults.Inject(Fault.StallBeforeEvent(1));
        await using IAsyncEnumerator<TextCompletion> parts =
            Completions.CompleteStreamingAsync(new TextCompletionRequest("p")).GetAsyncEnumerator();
        Assert.True(await parts.MoveNextAsync().AsTask().OrTimeout());

        Task<bool> stalled = parts.MoveNextAsync().AsTask();
        await Time.TimerAsync(due => due == TimeSpan.FromSeconds(100)).OrTimeout();
        Time.Advance(TimeSpan.FromSeconds(100));
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => stalled.OrTimeout());
        Assert.Equal(ServiceFailureReason.Timeout, exception.Reason);
        Assert.Single(Deployment.Requests);
    }

    [Fact]
    public async Task Whole_Attacked_IsAnIntegrityException()
    {
        foreach (Fault fault in (Fault[])
            [Fault.TamperEvent(0), Fault.ReflectRequest, Fault.UnencryptedSuccess(), Fault.UnencryptedEvent(0), Fault.CutConnection(40)])
        {
            Deployment.Faults.Inject(fault);
            await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => Completions.CompleteAsync(new TextCompletionRequest("p")).OrTimeout());
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Completion_Errors_AreThoseOfThisLibrary(bool streamed)
    {
        Deployment.Model.ReplyWithError(400, "canary", "the_code");
        PrivatemodeServiceException refused = Assert.IsType<PrivatemodeServiceException>(await FailAsync(streamed));
        Assert.Equal(("canary", "the_code", true), (refused.ServerMessage, refused.ErrorCode, refused.IsServerMessageAuthenticated));
        Assert.DoesNotContain("canary", refused.ToString(), StringComparison.Ordinal);

        Deployment.Faults.Inject(Fault.UnencryptedError(401));
        Assert.IsType<PrivatemodeConfigurationException>(await FailAsync(streamed));

        Deployment.Model.Reply("x").WithFinishReason("abort");
        PrivatemodeServiceException broken = Assert.IsType<PrivatemodeServiceException>(await FailAsync(streamed));
        Assert.Equal((ServiceFailureReason.Unavailable, "abort"), (broken.Reason, broken.ErrorCode));
        Assert.StartsWith("sdk_", broken.RequestId, StringComparison.Ordinal);

        Deployment.Model.Reply("").WithRawJson("""{"object":"c","created":1,"model":"m","choices":[{"index":"canary"}]}""")
            .WithRawEvents("""{"object":"c","created":1,"model":"m","choices":[{"index":0,"text":["canary"]}]}""");
        Exception? unreadable = await FailAsync(streamed);
        Assert.IsAssignableFrom<PrivatemodeException>(unreadable);
        Assert.DoesNotContain("canary", unreadable!.ToString(), StringComparison.Ordinal);

        Deployment.RemoveModel(ModelId);
        Assert.DoesNotContain(ModelId, Assert.IsType<PrivatemodeModelUnavailableException>(await FailAsync(streamed)).AvailableModelIds);
    }

    [Fact]
    public async Task Stream_ErrorInBetween_IsAServiceExceptionAfterWhatCameBefore()
    {
        Deployment.Model.Reply("one two three");
        Deployment.Faults.Inject(Fault.ReplaceEventWithError(2, "canary"));

        (List<TextCompletion> events, Exception? exception) = await TryCollectAsync(new TextCompletionRequest("p"));

        Assert.Equal("one two", string.Concat(events.Select(part => part.Text)));
        Assert.Equal("canary", Assert.IsType<PrivatemodeServiceException>(exception).ServerMessage);
    }

    [Fact]
    public async Task Stream_LeftEarlyOrCancelled_DoesNotBreakTheClient()
    {
        Deployment.Model.Reply("one two three").Then.Reply("one two three").Then.Reply("after");
        await foreach (TextCompletion _ in Completions.CompleteStreamingAsync(new TextCompletionRequest("p")).WithTimeout())
        {
            break;
        }

        using CancellationTokenSource cancel = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (TextCompletion _ in Completions.CompleteStreamingAsync(new TextCompletionRequest("p"), cancel.Token).WithTimeout())
            {
                await cancel.CancelAsync();
            }
        });

        Assert.Equal("after", (await Completions.CompleteAsync(new TextCompletionRequest("p")).OrTimeout()).Text);
    }

    [Fact]
    public async Task Completion_OfAnotherModel_IsAskedOfThatOne()
    {
        Assert.Equal("gemma-3-27b", (await Completions.CompleteAsync(new TextCompletionRequest("p") { ModelId = "gemma-3-27b" }).OrTimeout()).ModelId);
        await Assert.ThrowsAsync<PrivatemodeRequestException>(
            () => Completions.CompleteAsync(new TextCompletionRequest("p") { ModelId = "a secret" }).OrTimeout());
        Assert.Equal(ModelId, Completions.ModelId);
        Assert.Throws<ArgumentException>(() => Client.GetTextCompletionClient(""));
        Assert.Throws<ArgumentNullException>(() => { _ = Completions.CompleteStreamingAsync(null!); });
    }

    private async Task<Exception?> FailAsync(bool streamed)
    {
        TextCompletionRequest request = new("p");
        return streamed ? (await TryCollectAsync(request)).Failure : await Record.ExceptionAsync(() => Completions.CompleteAsync(request).OrTimeout());
    }

    private async Task<List<TextCompletion>> CollectAsync(TextCompletionRequest request)
    {
        (List<TextCompletion> events, Exception? failure) = await TryCollectAsync(request);
        Assert.Null(failure);
        return events;
    }

    private async Task<(List<TextCompletion> Events, Exception? Failure)> TryCollectAsync(TextCompletionRequest request)
    {
        List<TextCompletion> events = [];
        Exception? failure = await Record.ExceptionAsync(async () =>
        {
            await foreach (TextCompletion part in Completions.CompleteStreamingAsync(request).WithTimeout())
            {
                events.Add(part);
            }
        });
        return (events, failure);
    }
}
