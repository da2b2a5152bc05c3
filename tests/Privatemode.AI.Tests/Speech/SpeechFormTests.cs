using System.Text.Json;
using Microsoft.Extensions.AI;
using OpenAI.Audio;
using Privatemode.AI.Speech;

namespace Privatemode.AI.Tests.Speech;

public sealed class SpeechFormTests
{
    public static TheoryData<string, SpeechToTextOptions> Refused => new()
    {
        { "SpeechToTextOptions.TextLanguage", new SpeechToTextOptions { SpeechLanguage = "de", TextLanguage = "en" } },
        { "SpeechToTextOptions.TextLanguage", new SpeechToTextOptions { TextLanguage = "en" } },
        { "SpeechTranscriptionOptions.Temperature", new SpeechTranscriptionOptions { Temperature = 1.1f } },
        { "SpeechTranscriptionOptions.Temperature", new SpeechTranscriptionOptions { Temperature = -0.1f } },
        { "SpeechTranscriptionOptions.Temperature", new SpeechTranscriptionOptions { Temperature = float.NaN } },
        { "SpeechToTextOptions.SpeechLanguage", new SpeechTranscriptionOptions { Timestamps = TranscriptionTimestamps.Segments } },
        { "SpeechTranscriptionOptions.Timestamps", new SpeechTranscriptionOptions { SpeechLanguage = "de", Timestamps = (TranscriptionTimestamps)3 } },
        { "SpeechTranscriptionOptions.Timestamps", new SpeechTranscriptionOptions { SpeechLanguage = "de", Timestamps = (TranscriptionTimestamps)(-1) } },
        { "SpeechToTextOptions.SpeechLanguage", Extra("response_format", "verbose_json") },
        { "response_format", Extra("response_format", "srt") },
        { "response_format", Extra("response_format", "vtt") },
        { "response_format", Extra("response_format", "text") },
        { "response_format", Raw(new() { ResponseFormat = AudioTranscriptionFormat.Vtt }) },
        { "response_format", Raw(new() { Language = "de", ResponseFormat = "json", TimestampGranularities = AudioTimestampGranularities.Word }) },
        {
            "AudioTranscriptionOptions.TimestampGranularities",
            Raw(new() { TimestampGranularities = AudioTimestampGranularities.Word | AudioTimestampGranularities.Segment })
        },
        { "SpeechToTextOptions.AdditionalProperties", Extra("what is this", "x") },
        { "SpeechToTextOptions.AdditionalProperties", Extra("", "x") },
        { "SpeechToTextOptions.AdditionalProperties", Extra("model", "x") },
        { "SpeechToTextOptions.AdditionalProperties", Extra("file", "x") },
        { "SpeechToTextOptions.AdditionalProperties", Extra("stream", true) },
        { "SpeechToTextOptions.AdditionalProperties", Extra("list", new[] { 1 }) },
        { "SpeechToTextOptions.AdditionalProperties", Extra("object", JsonDocument.Parse("{}").RootElement) },
        { "SpeechToTextOptions.AdditionalProperties", new SpeechTranscriptionOptions { Prompt = "a", AdditionalProperties = new() { ["prompt"] = "b" } } },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void Option_ServiceDoesNotTake_IsNamed(string member, SpeechToTextOptions options) =>
        Assert.Equal(member, Assert.Throws<PrivatemodeRequestException>(() => Fields(options)).Member);

    [Fact]
    public void NoOptions_OnlyModelAndFormat() => Assert.Equal("model=m;response_format=json", Fields(null));

    [Fact]
    public void Streamed_AsksForUsage() => Assert.Equal(
        "model=m;response_format=json;stream=true;stream_include_usage=true", Fields(new SpeechToTextOptions(), isStreamed: true));

    [Fact]
    public void Streamed_WithTimestamps_IsRefused() => Assert.Equal(
        "SpeechTranscriptionOptions.Timestamps", Assert.Throws<PrivatemodeRequestException>(() => Fields(
        new SpeechTranscriptionOptions { SpeechLanguage = "de", Timestamps = TranscriptionTimestamps.Words }, isStreamed: true)).Member);

    [Theory]
    [InlineData("de", "de")]
    [InlineData("de-AT", "de")]
    [InlineData(" EN_us ", "en")]
    public void Language_OfACulture_IsItsFirstPart(string given, string sent)
    {
        Assert.Equal($"model=m;language={sent};response_format=json", Fields(new SpeechToTextOptions { SpeechLanguage = given, TextLanguage = sent }));
        Assert.Equal("model=m;response_format=json", Fields(new SpeechToTextOptions { SpeechLanguage = " " }));
    }

    [Theory]
    [InlineData(TranscriptionTimestamps.Segments, "segment")]
    [InlineData(TranscriptionTimestamps.Words, "word")]
    public void Timestamps_OfOneKind_AreAskedFor(TranscriptionTimestamps timestamps, string sent) => Assert.Equal(
        $"model=m;language=de;prompt=Bochum;temperature=0.2;timestamp_granularities[]={sent};response_format=verbose_json",
        Fields(new SpeechTranscriptionOptions { SpeechLanguage = "de", Prompt = "Bochum", Temperature = 0.2f, Timestamps = timestamps }));

    [Fact]
    public void RawRepresentation_FillsWhatIsNotSet() => Assert.Equal(
        "model=m;language=en;prompt=ours;temperature=0.5;timestamp_granularities[]=segment;response_format=verbose_json",
        Fields(new SpeechTranscriptionOptions
        {
            Prompt = "ours",
            RawRepresentationFactory = _ => new AudioTranscriptionOptions
            {
                Language = "en",
                Prompt = "raw",
                Temperature = 0.5f,
                TimestampGranularities = AudioTimestampGranularities.Segment,
                ResponseFormat = AudioTranscriptionFormat.Verbose,
            },
        }));

    [Fact]
    public void AdditionalProperties_OfSimpleKinds_AreFields() => Assert.Equal(
        "model=m;text=a;flag=true;number=1.5;element=x;raw=2;off=false;response_format=json",
        Fields(new SpeechToTextOptions
        {
            AdditionalProperties = new()
            {
                ["text"] = "a",
                ["flag"] = true,
                ["number"] = 1.5,
                ["nothing"] = null,
                ["element"] = JsonDocument.Parse("\"x\"").RootElement,
                ["raw"] = JsonDocument.Parse("2").RootElement,
                ["off"] = false,
            },
        }));

    [Fact]
    public void Clone_OfOptions_KeepsEverythingApart()
    {
        SpeechTranscriptionOptions options = new()
        {
            Prompt = "p",
            Temperature = 0.5f,
            Timestamps = TranscriptionTimestamps.Words,
            SpeechLanguage = "de",
            AdditionalProperties = new() { ["a"] = 1 },
        };
        SpeechTranscriptionOptions clone = Assert.IsType<SpeechTranscriptionOptions>(options.Clone());
        clone.AdditionalProperties!["a"] = 2;
        Assert.Equal(("p", 0.5f, TranscriptionTimestamps.Words, "de"), (clone.Prompt, clone.Temperature, clone.Timestamps, clone.SpeechLanguage));
        Assert.Equal(1, options.AdditionalProperties["a"]);
    }

    private static SpeechToTextOptions Extra(string name, object value) => new() { AdditionalProperties = new() { [name] = value } };

    private static SpeechToTextOptions Raw(AudioTranscriptionOptions raw) => new() { RawRepresentationFactory = _ => raw };

    private static string Fields(SpeechToTextOptions? options, bool isStreamed = false) =>
        string.Join(';', SpeechForm.Fields(null!, options, "m", isStreamed).Select(field => $"{field.Name}={field.Value}"));
}
