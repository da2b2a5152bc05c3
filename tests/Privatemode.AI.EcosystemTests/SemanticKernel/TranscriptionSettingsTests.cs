using System.Text;
using System.Text.Json;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.AudioToText;
using Microsoft.SemanticKernel.Connectors.OpenAI;
using Privatemode.AI.SemanticKernel;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;
using P = Privatemode.AI.SemanticKernel.PrivatemodeAudioToTextExecutionSettings;

namespace Privatemode.AI.EcosystemTests.SemanticKernel;

/// <summary>Settings of transcriptions, as users of both connectors write them.</summary>
public sealed class TranscriptionSettingsTests : KernelTest
{
    private const string Secret = "SENTINEL";
    private const string Json =
        """{"language":"de","prompt":"Gruß","temperature":"0.2","timestamp_granularities":["segment"],"model_id":"whisper-large-v3"}""";

    private static readonly Dictionary<string, PromptExecutionSettings> Settings = new()
    {
        ["ours"] = new P { ModelId = SpeechModelId, Language = "de", Prompt = "Gruß", Temperature = 0.2f, Timestamps = TranscriptionTimestamps.Segments },
        ["ours from JSON"] = JsonSerializer.Deserialize<P>(Json)!,
        ["ours with extension data"] = new P { ExtensionData = ToMembers(Json) },
        ["of the OpenAI connector"] = new OpenAIAudioToTextExecutionSettings(Secret + ".wav")
        {
            ModelId = SpeechModelId,
            Language = "de",
            Prompt = "Gruß",
            Temperature = 0.2f,
            ResponseFormat = "verbose_json",
            TimestampGranularities = ["segment"],
        },
        ["from JSON"] = JsonSerializer.Deserialize<PromptExecutionSettings>(Json)!,
    };

    private static readonly Dictionary<string, (string Member, PromptExecutionSettings Settings)> Wrong = new()
    {
        ["temperature"] = ("temperature", Extra("temperature", Secret)),
        ["temperature that is not a number"] = ("temperature", new P { Temperature = float.NaN }),
        ["temperature too large"] = ("temperature", Extra("temperature", 1e300)),
        ["language"] = ("language", Extra("language", 5)),
        ["granularities"] = ("timestamp_granularities", Extra("timestamp_granularities", new[] { "word", "segment" })),
        ["granularity"] = ("timestamp_granularities", Extra("timestamp_granularities", new[] { Secret })),
        ["set twice"] = ("language", new P { Language = "de", ExtensionData = new Dictionary<string, object> { ["language"] = "en" } }),
    };

    public static TheoryData<string> SettingNames() => [.. Settings.Keys];

    public static TheoryData<string> WrongNames() => [.. Wrong.Keys];

    [Theory]
    [MemberData(nameof(SettingNames))]
    public async Task Settings_AreSent_WithoutTheNameOfTheFile(string name)
    {
        _ = Deployment.Model.ReplyWithTranscription("Guten Tag.", new ScriptedTranscriptionSegment("Guten Tag.", TimeSpan.Zero, TimeSpan.FromSeconds(1)));
        _ = await new PrivatemodeAudioToTextService("voxtral-mini-3b", Client)
            .GetTextContentAsync(new AudioContent(Recording.Wave(), "audio/wav"), Settings[name]).OrTimeout();
        RecordedRequest request = Assert.Single(Deployment.Requests);
        Assert.Equal(
            ("de", "Gruß", "0.2", "segment", "verbose_json"),
            (Field("language"), Field("prompt"), Field("temperature"), Field("timestamp_granularities[]"), Field("response_format")));
        Assert.Equal(SpeechModelId, request.Headers["Privatemode-Target-Model"]);
        Assert.DoesNotContain(request.DecryptedFields.Keys, field => Field(field).Contains(Secret, StringComparison.Ordinal));

        string Field(string field) => Encoding.UTF8.GetString(request.DecryptedFields[field].Span);
    }

    [Theory]
    [MemberData(nameof(WrongNames))]
    public async Task Settings_ThatCannotBeSent_AreRefusedByName(string name)
    {
        PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(
            () => new PrivatemodeAudioToTextService(SpeechModelId, Client)
                .GetTextContentAsync(new AudioContent(Recording.Wave(), "audio/wav"), Wrong[name].Settings).OrTimeout());
        Assert.Equal("PromptExecutionSettings." + Wrong[name].Member, exception.Member);
        Assert.DoesNotContain(Secret, exception.ToString(), StringComparison.Ordinal);
        Assert.Empty(Deployment.Requests);
    }

    /// <summary>A property that a new version of either class brings must be in the settings above.</summary>
    [Theory]
    [InlineData("ours")]
    [InlineData("of the OpenAI connector")]
    public void EveryProperty_IsTested(string name)
    {
        PromptExecutionSettings settings = Settings[name];
        object unset = Activator.CreateInstance(settings.GetType())!;
        string[] missing = [.. from property in settings.GetType().GetProperties()
                               where property.DeclaringType == settings.GetType() && Equals(property.GetValue(settings), property.GetValue(unset))
                               select property.Name];
        Assert.Empty(missing);
    }

    private static Dictionary<string, object> ToMembers(string json) => JsonSerializer.Deserialize<Dictionary<string, object>>(json)!;

    private static PromptExecutionSettings Extra(string name, object value) => new() { ExtensionData = new Dictionary<string, object> { [name] = value } };
}
