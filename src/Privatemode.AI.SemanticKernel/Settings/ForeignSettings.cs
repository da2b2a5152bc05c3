using System.Reflection;
using System.Text.Json.Serialization;
using Microsoft.SemanticKernel;

namespace Privatemode.AI.SemanticKernel.Settings;

/// <summary>Converts the settings of other connectors. It reads their properties directly, because JSON would lose types and schemas.</summary>
internal static class ForeignSettings
{
    /// <exception cref="PrivatemodeRequestException">A value has the wrong type, is set twice, or is not supported.</exception>
    public static PrivatemodePromptExecutionSettings Convert(PromptExecutionSettings? settings)
    {
        PrivatemodePromptExecutionSettings result = new();
        if (settings is null)
        {
            return result;
        }

        result.ModelId = settings.ModelId;
        result.ServiceId = settings.ServiceId;
        result.FunctionChoiceBehavior = settings.FunctionChoiceBehavior;

        // The extra members of the OpenAI connector take precedence, so they come last.
        foreach ((string name, object? value) in Members(settings).OrderBy(member => SettingNames.IsExtraBody(member.Key)))
        {
            SettingNames.Set(result, name, value);
        }

        return result;
    }

    /// <summary>Returns settings in which members of the extension data that have a property are moved to it.</summary>
    /// <exception cref="PrivatemodeRequestException">A value has the wrong type, is set twice, or is not supported.</exception>
    public static PrivatemodePromptExecutionSettings Normalize(PrivatemodePromptExecutionSettings settings)
    {
        if (settings.ExtensionData is not { Count: > 0 } extensions)
        {
            return settings;
        }

        PrivatemodePromptExecutionSettings result = settings.Copy();
        result.ExtensionData = null;
        foreach ((string name, object? value) in extensions.OrderBy(member => SettingNames.IsExtraBody(member.Key)))
        {
            SettingNames.Set(result, name, value);
        }

        return result;
    }

    /// <summary>The properties of settings, under their names in JSON, and the extension data.</summary>
    public static IEnumerable<KeyValuePair<string, object?>> Members(PromptExecutionSettings settings) =>
        Properties(settings).Concat(Extensions(settings));

    private static IEnumerable<KeyValuePair<string, object?>> Extensions(PromptExecutionSettings settings) =>
        (settings.ExtensionData ?? new Dictionary<string, object>()).Select(member => KeyValuePair.Create<string, object?>(member.Key, member.Value));

    private static IEnumerable<KeyValuePair<string, object?>> Properties(PromptExecutionSettings settings) =>
        from property in settings.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance)
        where property.DeclaringType != typeof(PromptExecutionSettings) && property is { CanRead: true } && property.GetIndexParameters().Length == 0
        where property.GetCustomAttribute<JsonIgnoreAttribute>()?.Condition != JsonIgnoreCondition.Always
        let name = property.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name ?? property.Name
        select KeyValuePair.Create(name, property.GetValue(settings));
}
