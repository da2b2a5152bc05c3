using System.Text.Json;
using Privatemode.AI.AspNetCore.Models;

namespace Privatemode.AI.AspNetCore.Dialects;

/// <summary>Writes the settings of an Anthropic request that concern the answer: how much the model thinks, and the format of the answer.</summary>
internal static class OutputSettings
{
    /// <summary>Writes how much the model thinks, and the format of its answer. The service's models think by default.</summary>
    public static void Write(Utf8JsonWriter writer, JsonElement request, ModelProfile profile)
    {
        bool isDisabled = RequestJson.TryGet(request, "thinking"u8, out JsonElement thinking) &&
            RequestJson.IsText(Member(thinking, "type"u8, "thinking"), "disabled"u8);
        WriteTemplateArguments(writer, request, isDisabled ? profile.ThinkingSwitch : null);
        bool hasConfig = RequestJson.TryGet(request, "output_config"u8, out JsonElement config);
        JsonElement effort = hasConfig ? Member(config, "effort"u8, "output_config") : default;
        JsonElement format = hasConfig ? Member(config, "format"u8, "output_config") : default;
        if (RequestJson.TryGet(request, "output_format"u8, out JsonElement older))
        {
            format = format.ValueKind == JsonValueKind.Undefined ? older
                : throw new PrivatemodeRequestException("output_format", "'output_format' is an older name of 'output_config.format'. Send one of them.");
        }

        string? word = isDisabled && profile.ThinkingSwitch is null ? "low"
            : effort.ValueKind == JsonValueKind.Undefined ? null
            : profile.EffortFor(RequestJson.Short(effort) ?? throw RequestJson.Wrong("output_config.effort", "a string"));
        if (word is null && format.ValueKind == JsonValueKind.Undefined)
        {
            return;
        }

        writer.WriteStartObject("output_config"u8);
        if (word is not null)
        {
            writer.WriteString("effort"u8, word);
        }

        WriteFormat(writer, format);
        writer.WriteEndObject();
    }

    private static void WriteFormat(Utf8JsonWriter writer, JsonElement format)
    {
        if (format.ValueKind == JsonValueKind.Undefined)
        {
            return;
        }

        if (!RequestJson.IsText(Member(format, "type"u8, "output_config.format"), "json_schema"u8))
        {
            throw RequestJson.Wrong("output_config.format.type", "json_schema");
        }

        JsonElement schema = Member(format, "schema"u8, "output_config.format");
        if (schema.ValueKind != JsonValueKind.Object)
        {
            throw RequestJson.Wrong("output_config.format.schema", "an object");
        }

        writer.WriteStartObject("format"u8);
        writer.WriteString("type"u8, "json_schema"u8);
        writer.WritePropertyName("schema"u8);
        SchemaCleaner.Write(writer, schema);
        writer.WriteEndObject();
    }

    private static void WriteTemplateArguments(Utf8JsonWriter writer, JsonElement request, string? switchedOff)
    {
        bool hasArguments = RequestJson.TryGet(request, "chat_template_kwargs"u8, out JsonElement arguments);
        if (hasArguments && arguments.ValueKind != JsonValueKind.Object)
        {
            throw RequestJson.Wrong("chat_template_kwargs", "an object");
        }

        if (!hasArguments && switchedOff is null)
        {
            return;
        }

        writer.WriteStartObject("chat_template_kwargs"u8);
        if (hasArguments)
        {
            foreach (JsonProperty argument in arguments.EnumerateObject())
            {
                writer.WritePropertyName(argument.Name);
                writer.WriteRawValue(RequestJson.Raw(argument.Value), skipInputValidation: true);
            }
        }

        if (switchedOff is not null && !(hasArguments && arguments.TryGetProperty(switchedOff, out _)))
        {
            writer.WriteBoolean(switchedOff, false);
        }

        writer.WriteEndObject();
    }

    /// <summary>Returns the member of an object, or an undefined element if it is absent or null.</summary>
    private static JsonElement Member(JsonElement parent, ReadOnlySpan<byte> name, string path) =>
        parent.ValueKind != JsonValueKind.Object ? throw RequestJson.Wrong(path, "an object")
            : RequestJson.TryGet(parent, name, out JsonElement value) ? value
            : default;
}
