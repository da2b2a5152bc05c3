using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Privatemode.AI.AspNetCore;

/// <summary>Writes the model catalog that the Codex CLI reads.</summary>
/// <remarks>Codex reads the catalog from <c>GET /v1/models</c> and from the file that its setting <c>model_catalog_json</c> names. It ignores unknown members,
/// but ignores the whole catalog if a required member is missing. Each entry therefore has all members that Codex versions up to 0.171 are known to
/// require.</remarks>
public static class CodexCatalog
{
    // What Codex passes on of a tool's output.
    private const int MaxOutputTokens = 10_000;

    private static readonly (string Effort, string Description)[] Efforts =
    [
        ("low", "Answers quickly, with little reasoning"), ("medium", "Balances speed and reasoning"), ("high", "Reasons longest, for hard tasks"),
    ];

    private static readonly string Instructions = ReadInstructions();

    /// <summary>Writes the catalog.</summary>
    /// <param name="output">The writer that receives UTF-8 JSON: <c>{"models":[…]}</c>.</param>
    /// <param name="models">The models of the service. Only models that support chats and tool calling are written. If several models have the same ID, the
    /// first is written.</param>
    /// <param name="aliases">The aliases, each with the model ID that it stands for. An alias is left out if its model is not written, if it is the ID of a
    /// written model, or if it ends with <c>*</c>.</param>
    /// <exception cref="ArgumentNullException">An argument is <see langword="null"/>.</exception>
    public static void Write(IBufferWriter<byte> output, IReadOnlyList<ModelInfo> models, IReadOnlyDictionary<string, string> aliases)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(models);
        ArgumentNullException.ThrowIfNull(aliases);
        Write(output, models, aliases, model => Models.ModelProfiles.Of(model).ContextWindow);
    }

    internal static void Write(
        IBufferWriter<byte> output, IReadOnlyList<ModelInfo> models, IReadOnlyDictionary<string, string> aliases, Func<string, int> contextWindow)
    {
        Dictionary<string, ModelInfo> able = models.Where(model => model.SupportsChat && model.SupportsTools)
            .DistinctBy(model => model.Id, StringComparer.Ordinal).ToDictionary(model => model.Id, StringComparer.Ordinal);
        using Utf8JsonWriter writer = new(output, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        writer.WriteStartObject();
        writer.WriteStartArray("models"u8);
        int priority = 1;
        foreach (ModelInfo model in able.Values)
        {
            WriteModel(writer, model.Id, model, priority++, contextWindow(model.Id));
        }

        foreach ((string alias, string target) in aliases.OrderBy(alias => alias.Key, StringComparer.Ordinal))
        {
            if (able.TryGetValue(target, out ModelInfo? model) && !able.ContainsKey(alias) && !alias.EndsWith('*'))
            {
                WriteModel(writer, alias, model, priority++, contextWindow(target));
            }
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteModel(Utf8JsonWriter writer, string slug, ModelInfo model, int priority, int contextWindow)
    {
        Models.ModelProfile profile = Models.ModelProfiles.Of(model.Id);
        writer.WriteStartObject();
        writer.WriteString("slug"u8, slug);
        writer.WriteString("display_name"u8, $"{slug} (Privatemode)");
        writer.WriteString("description"u8, slug == model.Id ? "Encrypted end to end" : $"{model.Id}, encrypted end to end");
        WriteEfforts(writer, profile);
        writer.WriteString("shell_type"u8, "shell_command"u8);
        writer.WriteString("visibility"u8, "list"u8);
        writer.WriteBoolean("supported_in_api"u8, true);
        writer.WriteNumber("priority"u8, priority);
        WriteNulls(writer, "upgrade", "availability_nux", "model_messages", "default_verbosity", "apply_patch_tool_type", "auto_compact_token_limit");
        writer.WriteString("base_instructions"u8, Instructions);
        WriteFalse(writer, "supports_reasoning_summaries", "support_verbosity", "supports_parallel_tool_calls", "supports_image_detail_original");
        writer.WriteString("default_reasoning_summary"u8, "auto"u8);
        writer.WriteString("web_search_tool_type"u8, "text"u8);
        writer.WriteStartObject("truncation_policy"u8);
        writer.WriteString("mode"u8, "bytes"u8);
        writer.WriteNumber("limit"u8, MaxOutputTokens);
        writer.WriteEndObject();
        writer.WriteNumber("context_window"u8, contextWindow);
        writer.WriteNumber("max_context_window"u8, contextWindow);
        writer.WriteNumber("effective_context_window_percent"u8, 95);
        WriteTexts(writer, "experimental_supported_tools", []);
        WriteTexts(writer, "input_modalities", model.SupportsVision ? ["text", "image"] : ["text"]);
        WriteFalse(writer, "supports_search_tool", "use_responses_lite");
        WriteTexts(writer, "additional_speed_tiers", []);
        WriteTexts(writer, "service_tiers", []);
        writer.WriteEndObject();
    }

    private static void WriteEfforts(Utf8JsonWriter writer, Models.ModelProfile profile)
    {
        if (profile.DefaultEffort is null)
        {
            writer.WriteNull("default_reasoning_level"u8);
        }
        else
        {
            writer.WriteString("default_reasoning_level"u8, profile.DefaultEffort);
        }

        writer.WriteStartArray("supported_reasoning_levels"u8);
        foreach ((string effort, string description) in Efforts.Where(level => profile.Efforts.Contains(level.Effort, StringComparer.Ordinal)))
        {
            writer.WriteStartObject();
            writer.WriteString("effort"u8, effort);
            writer.WriteString("description"u8, description);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteNulls(Utf8JsonWriter writer, params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            writer.WriteNull(name);
        }
    }

    private static void WriteFalse(Utf8JsonWriter writer, params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            writer.WriteBoolean(name, false);
        }
    }

    private static void WriteTexts(Utf8JsonWriter writer, string name, ReadOnlySpan<string> texts)
    {
        writer.WriteStartArray(name);
        foreach (string text in texts)
        {
            writer.WriteStringValue(text);
        }

        writer.WriteEndArray();
    }

    private static string ReadInstructions()
    {
        using Stream stream = typeof(CodexCatalog).Assembly.GetManifestResourceStream("codex-instructions.txt")!;
        using StreamReader reader = new(stream);
        return reader.ReadToEnd().Trim();
    }
}
