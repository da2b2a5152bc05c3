using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using Privatemode.AI.SemanticKernel;
using Privatemode.AI.Tests.Fakes;
using P = Privatemode.AI.SemanticKernel.PrivatemodePromptExecutionSettings;

namespace Privatemode.AI.EcosystemTests.SemanticKernel;

/// <summary>What cannot be sent is refused by name, before anything is sent, and the exception contains none of it.</summary>
public sealed class WrongSettingsTests : KernelTest
{
    private const string Secret = "SENTINEL";

    private static readonly Dictionary<string, (string Member, PromptExecutionSettings Settings)> Wrong = new()
    {
        ["temperature NaN"] = ("temperature", new P { Temperature = double.NaN }),
        ["temperature too large"] = ("temperature", new P { Temperature = 1e300 }),
        ["min_p infinite"] = ("min_p", new P { MinP = double.PositiveInfinity }),
        ["repetition_penalty NaN"] = ("repetition_penalty", new P { RepetitionPenalty = double.NaN }),
        ["temperature text"] = ("temperature", Extra("temperature", Secret)),
        ["max_tokens fraction"] = ("max_tokens", Extra("max_tokens", 1.5)),
        ["max_tokens large"] = ("max_tokens", Extra("max_tokens", 1L << 40)),
        ["seed text"] = ("seed", Extra("seed", Secret)),
        ["logprobs number"] = ("logprobs", Extra("logprobs", 7)),
        ["stop number"] = ("stop", Extra("stop", new object[] { Secret, 1 })),
        ["logit_bias name"] = ("logit_bias", Extra("logit_bias", new Dictionary<string, object?> { [Secret] = 1 })),
        ["logit_bias twice"] = ("logit_bias", Extra("logit_bias", new Dictionary<string, object?> { ["15"] = 1, ["015"] = 2 })),
        ["logit_bias no number"] = ("logit_bias", Extra("logit_bias", new Dictionary<string, object?> { ["15"] = null })),
        ["effort number"] = ("reasoning_effort", Extra("reasoning_effort", 5)),
        ["kwargs text"] = ("chat_template_kwargs", Extra("chat_template_kwargs", Secret)),
        ["user number"] = ("user", Extra("user", 5)),
        ["node not finite"] = ("temperature", Extra("temperature", JsonValue.Create(double.NaN))),
        ["JSONPath"] = ("extra_body", Extra("extra_body", new Dictionary<string, object?> { ["$.a." + Secret] = 1 })),
        ["set twice"] = ("temperature", new P { Temperature = 1, ExtensionData = new Dictionary<string, object> { ["temperature"] = 0.5 } }),
        ["set under two names"] = ("max_completion_tokens", new P
        {
            ExtensionData = new Dictionary<string, object> { ["max_tokens"] = 1, ["max_completion_tokens"] = 2 },
        }),
        ["format unknown"] = ("response_format", new P { ResponseFormat = Secret }),
        ["format cut off"] = ("response_format", new P { ResponseFormat = "{\"" + Secret }),
        ["format number"] = ("response_format", new P { ResponseFormat = 5 }),
        ["format array"] = ("response_format", new P { ResponseFormat = Json("""["SENTINEL"]""") }),
        ["format of unknown type"] = ("response_format", new P { ResponseFormat = Json("""{"type":"SENTINEL"}""") }),
        ["format without schema"] = ("response_format", new P { ResponseFormat = Json("""{"type":"json_schema"}""") }),
        ["format with text as schema"] = (
            "response_format", new P { ResponseFormat = Json("""{"type":"json_schema","json_schema":{"name":"a","schema":"SENTINEL"}}""") }),
        ["format without name"] = ("response_format", new P { ResponseFormat = Json("""{"type":"json_schema","json_schema":{"schema":{}}}""") }),
        ["format of the Responses API"] = (
            "response_format", new P { ResponseFormat = Json("""{"type":"json_schema","name":"SENTINEL","schema":{}}""") }),
        ["format of an open type"] = ("response_format", new P { ResponseFormat = typeof(List<>) }),
        ["format of a pointer"] = ("response_format", new P { ResponseFormat = typeof(int*) }),
        ["format that is a stream"] = ("response_format", new P { ResponseFormat = Stream.Null }),
    };

    private static readonly Dictionary<string, (string Member, KernelContent Item)> WrongItems = new()
    {
        ["no media type"] = (".MimeType", new ImageContent(new byte[] { 1 }, null)),
        ["malformed media type"] = (".MimeType", new ImageContent(new byte[] { 1 }, Secret)),
        ["malformed media type of an address"] = (".MimeType", new ImageContent(new Uri("https://example.com/a")) { MimeType = Secret }),
        ["nothing"] = ("", new ImageContent()),
        ["unknown kind"] = ("", new ActionContent(Secret)),
    };

    public static TheoryData<string> WrongNames() => [.. Wrong.Keys];

    public static TheoryData<string> WrongItemNames() => [.. WrongItems.Keys];

    [Theory]
    [MemberData(nameof(WrongNames))]
    public async Task Setting_ThatCannotBeSent_IsRefusedByName(string name)
    {
        (string member, PromptExecutionSettings settings) = Wrong[name];
        foreach (Kernel kernel in (Kernel[])[CreateKernel(), ChatClientKernel()])
        {
            // Of settings that are not ours, Semantic Kernel hands a chat client only a part.
            if (settings is P || kernel.GetAllServices<IChatCompletionService>().Any())
            {
                PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(
                    () => kernel.InvokePromptAsync(Secret, new KernelArguments(settings)).OrTimeout());
                Assert.Equal("PromptExecutionSettings." + member, exception.Member);
                AssertSaysNothing(exception);
            }
        }
    }

    [Theory]
    [MemberData(nameof(WrongItemNames))]
    public async Task Item_ThatCannotBeSent_IsRefusedByPlace(string name)
    {
        (string member, KernelContent item) = WrongItems[name];
        ChatHistory history = new(Secret);
        history.AddUserMessage([new TextContent(Secret), item]);
        PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(
            () => new PrivatemodeChatCompletionService(ModelId, Client).GetChatMessageContentAsync(history).OrTimeout());
        Assert.Equal("messages[1].Items[1]" + member, exception.Member);
        AssertSaysNothing(exception);
    }

    private void AssertSaysNothing(PrivatemodeRequestException exception)
    {
        Assert.DoesNotContain(Secret, exception.ToString(), StringComparison.Ordinal);
        Assert.Matches(@"\b(Set|Correct|Remove|Use|Pass)\b", exception.Message);
        Assert.Empty(Deployment.Requests);
    }

    private Kernel ChatClientKernel()
    {
        IKernelBuilder builder = Kernel.CreateBuilder();
        builder.AddPrivatemodeChatClient(ModelId, Client);
        return builder.Build();
    }

    private static PromptExecutionSettings Extra(string name, object? value) =>
        new() { ExtensionData = new Dictionary<string, object> { [name] = value! } };

    private static JsonElement Json(string json) => JsonDocument.Parse(json).RootElement;
}
