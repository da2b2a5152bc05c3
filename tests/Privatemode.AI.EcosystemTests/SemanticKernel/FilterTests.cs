using Microsoft.Extensions.DependencyInjection;
using Microsoft.SemanticKernel;
using Privatemode.AI.SemanticKernel;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.SemanticKernel;

/// <summary>Filters see prompts and functions before and after, and can change, refuse and replace.</summary>
public sealed class FilterTests : KernelTest
{
    public FilterTests() => ScriptAll = true;

    [Theory]
    [InlineData(KernelLayer.Prompt)]
    [InlineData(KernelLayer.PromptStream)]
    [InlineData(KernelLayer.Client)]
    public async Task PromptRenderFilter_RemovesNamesBeforeTheRequest(KernelLayer layer)
    {
        PromptFilter filter = new(async (context, next) =>
        {
            await next(context);
            context.RenderedPrompt = context.RenderedPrompt!.Replace("Bochum", "X", StringComparison.Ordinal);
        });
        Assert.Equal(Answer, await AskAsync(layer, services => services.AddSingleton<IPromptRenderFilter>(filter)));
        Assert.Equal("Shall I take an umbrella in X today?", (string?)ChatBodies[0]["messages"]![0]!["content"]);
    }

    // A cache of answers, for example.
    [Fact]
    public async Task PromptRenderFilter_WithAnAnswerOfItsOwn_SendsNothing()
    {
        PromptFilter filter = new(async (context, next) =>
        {
            await next(context);
            context.Result = new FunctionResult(context.Function, "from the cache");
        });
        Assert.Equal("from the cache", await AskAsync(KernelLayer.Prompt, services => services.AddSingleton<IPromptRenderFilter>(filter)));
        Assert.Empty(Deployment.Requests);
    }

    [Theory]
    [InlineData(KernelLayer.Prompt)]
    [InlineData(KernelLayer.Client)]
    public async Task FunctionFilter_SeesTheReceiptAndChangesTheAnswer(KernelLayer layer)
    {
        EncryptionReceipt? receipt = null;
        FunctionFilter filter = new(async (context, next) =>
        {
            await next(context);
            receipt = context.Result.GetPrivatemodeReceipt();
            context.Result = new FunctionResult(context.Result, context.Result.GetValue<string>()!.ToUpperInvariant());
        });
        Assert.Equal(Answer.ToUpperInvariant(), await AskAsync(layer, services => services.AddSingleton<IFunctionInvocationFilter>(filter)));
        Assert.NotNull(receipt);
    }

    [Theory]
    [InlineData(KernelLayer.Loop, 2)]
    [InlineData(KernelLayer.LoopStream, 2)]
    public async Task FunctionFilter_SeesThePromptAndTheFunctionThatTheModelCalls(KernelLayer layer, int count)
    {
        ScriptCall();
        List<string> seen = [];
        FunctionFilter filter = new(async (context, next) =>
        {
            seen.Add(context.Function.Name);
            await next(context);
        });
        Assert.Equal(Answer, await AskAsync(layer, services => services.AddSingleton<IFunctionInvocationFilter>(filter)));
        Assert.Equal(count, seen.Count);
        Assert.Equal("get_weather", seen[^1]);
    }

    [Theory]
    [InlineData(KernelLayer.Loop)]
    [InlineData(KernelLayer.LoopStream)]
    public async Task FunctionFilter_ThatRefuses_TellsTheModel(KernelLayer layer)
    {
        ScriptCall();
        WeatherPlugin.Called.Value = _ => Assert.Fail("The function was invoked.");
        FunctionFilter filter = new((context, next) =>
            context.Function.Name == "get_weather" ? throw new UnauthorizedAccessException("The user did not approve.") : next(context));
        Assert.Equal(Answer, await AskAsync(layer, services => services.AddSingleton<IFunctionInvocationFilter>(filter)));
        Assert.Contains("The user did not approve.", (string?)ChatBodies[1]["messages"]![2]!["content"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task FunctionFilter_AsksAnotherModelAfterAFailure()
    {
        FunctionFilter filter = new(async (context, next) =>
        {
            try
            {
                await next(context);
            }
            catch (PrivatemodeModelUnavailableException)
            {
                context.Arguments.ExecutionSettings = new Dictionary<string, PromptExecutionSettings>
                {
                    [PromptExecutionSettings.DefaultServiceId] = new PrivatemodePromptExecutionSettings { ModelId = ModelId },
                };
                await next(context);
            }
        });
        IKernelBuilder builder = Kernel.CreateBuilder();
        builder.AddPrivatemodeChatCompletion("gpt-oss-121b", Client);
        builder.Services.AddSingleton<IFunctionInvocationFilter>(filter);
        Assert.Equal(Answer, (await builder.Build().InvokePromptAsync(Question).OrTimeout()).GetValue<string>());
        Assert.Equal(ModelId, (string?)ChatBodies[^1]["model"]);
    }

    [Theory]
    [InlineData(KernelLayer.Loop)]
    [InlineData(KernelLayer.LoopStream)]
    [InlineData(KernelLayer.ClientLoop)]
    public async Task AutoFunctionFilter_ChangesTheArgumentsAndTheResult(KernelLayer layer)
    {
        Script(layer);
        List<string> called = [];
        WeatherPlugin.Called.Value = called.Add;
        AutoFilter filter = new(async (context, next) =>
        {
            context.Arguments!["city"] = "Essen";
            await next(context);
            context.Result = new FunctionResult(context.Result, context.Result.GetValue<string>()!.Replace("21", "22", StringComparison.Ordinal));
        });
        Assert.Equal(Answer, await AskAsync(layer, services => services.AddSingleton<IAutoFunctionInvocationFilter>(filter)));
        Assert.Equal(["Essen"], called);
        Assert.Contains("Essen: 22 degrees", ChatBodies[1]["messages"]![2]!.ToJsonString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(KernelLayer.Loop)]
    [InlineData(KernelLayer.LoopStream)]
    [InlineData(KernelLayer.ClientLoop)]
    public async Task AutoFunctionFilter_WithoutTheFunction_AnswersForIt(KernelLayer layer)
    {
        Script(layer);
        WeatherPlugin.Called.Value = _ => Assert.Fail("The function was invoked.");
        AutoFilter filter = new((context, _) =>
        {
            context.Result = new FunctionResult(context.Result, "The user did not approve.");
            return Task.CompletedTask;
        });
        Assert.Equal(Answer, await AskAsync(layer, services => services.AddSingleton<IAutoFunctionInvocationFilter>(filter)));
        Assert.Contains("The user did not approve.", ChatBodies[1]["messages"]![2]!.ToJsonString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(KernelLayer.Loop)]
    [InlineData(KernelLayer.LoopStream)]
    public async Task AutoFunctionFilters_RunInOrder(KernelLayer layer)
    {
        Script(layer);
        List<string> order = [];
        string answer = await AskAsync(layer, services =>
        {
            foreach (string name in (string[])["outer", "inner"])
            {
                _ = services.AddSingleton<IAutoFunctionInvocationFilter>(new AutoFilter(async (context, next) =>
                {
                    order.Add(name);
                    await next(context);
                    order.Add(name);
                }));
            }
        });
        Assert.Equal(Answer, answer);
        Assert.Equal(["outer", "inner", "inner", "outer"], order);
    }

    // A filter that gives up on a deployment must not be overruled by the model.
    [Theory]
    [InlineData(KernelLayer.Loop)]
    [InlineData(KernelLayer.LoopStream)]
    [InlineData(KernelLayer.ClientLoop)]
    public async Task AutoFunctionFilter_FailureOfVerification_EndsTheCall(KernelLayer layer)
    {
        Script(layer);
        AutoFilter filter = new((_, _) => throw new PrivatemodeVerificationException("manifest-match", "not genuine"));
        _ = await Assert.ThrowsAsync<PrivatemodeVerificationException>(
            () => AskAsync(layer, services => services.AddSingleton<IAutoFunctionInvocationFilter>(filter)));
        Assert.Single(ChatBodies);
    }

    private void Script(KernelLayer layer) => ScriptCall(layer.WireName("Weather", "get_weather"));

    private Task<string> AskAsync(KernelLayer layer, Action<IServiceCollection> addFilters) => layer.AskAsync(
        layer.Build(ModelId, Client, builder =>
        {
            builder.Plugins.AddFromType<WeatherPlugin>("Weather");
            addFilters(builder.Services);
        }),
        Question);

    private sealed class PromptFilter(Func<PromptRenderContext, Func<PromptRenderContext, Task>, Task> run) : IPromptRenderFilter
    {
        public Task OnPromptRenderAsync(PromptRenderContext context, Func<PromptRenderContext, Task> next) => run(context, next);
    }

    private sealed class FunctionFilter(Func<FunctionInvocationContext, Func<FunctionInvocationContext, Task>, Task> run) : IFunctionInvocationFilter
    {
        public Task OnFunctionInvocationAsync(FunctionInvocationContext context, Func<FunctionInvocationContext, Task> next) => run(context, next);
    }

    private sealed class AutoFilter(Func<AutoFunctionInvocationContext, Func<AutoFunctionInvocationContext, Task>, Task> run)
        : IAutoFunctionInvocationFilter
    {
        public Task OnAutoFunctionInvocationAsync(AutoFunctionInvocationContext context, Func<AutoFunctionInvocationContext, Task> next) =>
            run(context, next);
    }
}
