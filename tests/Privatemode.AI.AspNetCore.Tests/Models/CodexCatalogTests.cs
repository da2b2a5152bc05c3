using System.Buffers;
using System.Text.Json;
using Privatemode.AI.AspNetCore.Tests.Dialects;

namespace Privatemode.AI.AspNetCore.Tests.Models;

/// <summary>The catalogue that Codex reads whole or not at all.</summary>
public sealed class CodexCatalogTests
{
    // Of the structure that Codex reads: one that is missing, and nothing is read.
    private static readonly string[] Members =
    [
        "slug", "display_name", "description", "default_reasoning_level", "supported_reasoning_levels", "shell_type", "visibility", "supported_in_api",
        "priority", "upgrade", "availability_nux", "base_instructions", "model_messages", "supports_reasoning_summaries", "default_reasoning_summary",
        "support_verbosity", "default_verbosity", "apply_patch_tool_type", "web_search_tool_type", "truncation_policy", "supports_parallel_tool_calls",
        "supports_image_detail_original", "context_window", "max_context_window", "auto_compact_token_limit", "effective_context_window_percent",
        "experimental_supported_tools", "input_modalities", "supports_search_tool", "use_responses_lite", "additional_speed_tiers", "service_tiers",
    ];

    [Fact]
    public void Write_EachEntry_HasEveryMember()
    {
        JsonElement[] models = Write();
        Assert.Equal(["gpt-oss-120b", "openai/gpt-oss-120b", "glm-5.3", "glm-5.3-flash", "mine"], models.Select(model => Text(model, "slug")));
        Assert.All(models, model => Assert.Equal(Members.Order(), model.EnumerateObject().Select(member => member.Name).Order()));
        Assert.Equal([1, 2, 3, 4, 5], models.Select(model => model.GetProperty("priority").GetInt32()));
        Assert.All(models, model => Assert.InRange(Text(model, "base_instructions")!.Split('\n').Length, 5, 40));
        Assert.All(models, model => Assert.Equal("""{"mode":"bytes","limit":10000}""", model.GetProperty("truncation_policy").GetRawText()));
    }

    [Theory]
    [InlineData(0, "medium", "low,medium,high", 131_072, "text")]
    [InlineData(2, "high", "low,high", 1_048_576, "text")]
    [InlineData(3, "high", "low,high", 1_048_576, "text,image")]
    [InlineData(4, "high", "low,high", 1_048_576, "text")]
    public void Write_WhatIsKnownOfAModel_IsInItsEntry(int index, string effort, string efforts, int window, string modalities)
    {
        JsonElement model = Write()[index];
        Assert.Equal(effort, Text(model, "default_reasoning_level"));
        Assert.Equal(efforts, string.Join(',', model.GetProperty("supported_reasoning_levels").EnumerateArray().Select(level => Text(level, "effort"))));
        Assert.All(model.GetProperty("supported_reasoning_levels").EnumerateArray(), level => Assert.NotEmpty(Text(level, "description")!));
        Assert.Equal(window, model.GetProperty("context_window").GetInt32());
        Assert.Equal(modalities, string.Join(',', model.GetProperty("input_modalities").EnumerateArray().Select(modality => modality.GetString())));
    }

    [Fact]
    public void Write_UnknownModel_HasNoEffortsAndTheUsualWindow()
    {
        JsonElement model = Assert.Single(Write([new ModelInfo { Id = "new-1", Tasks = ["generate", "tool_calling"] }], []));
        Assert.Equal(JsonValueKind.Null, model.GetProperty("default_reasoning_level").ValueKind);
        Assert.Equal(0, model.GetProperty("supported_reasoning_levels").GetArrayLength());
        Assert.Equal(131_072, model.GetProperty("context_window").GetInt32());
    }

    [Fact]
    public void Write_TwoModelsOfOneId_AreOneEntry()
    {
        ModelInfo first = new() { Id = "a", Tasks = ["generate", "tool_calling", "vision"] };
        JsonElement model = Assert.Single(Write([first, new ModelInfo { Id = "a", Tasks = ["generate", "tool_calling"] }], []));
        Assert.Equal(2, model.GetProperty("input_modalities").GetArrayLength());
    }

    private static JsonElement[] Write() => Write(EditTesting.Models, new Dictionary<string, string>
    {
        ["mine"] = "glm-5.3",
        ["gone"] = "kimi-k2.6",
        ["ocr"] = "deepseek-ocr-2",
        ["pattern-*"] = "glm-5.3",
        ["gpt-oss-120b"] = "glm-5.3",
    });

    private static JsonElement[] Write(IReadOnlyList<ModelInfo> models, Dictionary<string, string> aliases)
    {
        ArrayBufferWriter<byte> output = new();
        CodexCatalog.Write(output, models, aliases);
        return [.. JsonElement.Parse(output.WrittenSpan).GetProperty("models").EnumerateArray()];
    }

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();
}
