using System.ClientModel.Primitives;
using System.Text.Json;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenAI.Chat;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Chat;

/// <summary>Posts <see cref="ChatOptions.AdditionalProperties"/> as top-level members of the request body, as they are.</summary>
internal static class ExtraProperties
{
    private static readonly ExtraMembers Members = new("ChatOptions.AdditionalProperties", new HashSet<string>
    {
        "messages", "model", "stream", "stream_options", "n", "max_tokens", "max_completion_tokens",
        "tools", "tool_choice", "parallel_tool_calls", "functions", "function_call",
    });

    /// <param name="properties">What the caller wants posted.</param>
    /// <param name="target">The options of the call, with everything else already in them.</param>
    /// <exception cref="PrivatemodeRequestException">A name is reserved, set twice, or not a name; or a value is not of a JSON
    /// kind.</exception>
    public static void Apply(AdditionalPropertiesDictionary? properties, ChatCompletionOptions target)
    {
        HashSet<string>? posted = null;
        foreach ((string name, object? value) in properties ?? [])
        {
            if (name == ToolMapper.StrictKey)
            {
                continue;
            }

            Members.Demand(name, (posted ??= NamesIn(target)).Contains(name));
            target.Patch.Set(ExtraMembers.PathOf(name), Members.ToJson(name, value));
        }
    }

    /// <summary>Everything the typed options and the caller's own base have set, whatever it is called.</summary>
    private static HashSet<string> NamesIn(ChatCompletionOptions target)
    {
        using JsonDocument body = JsonDocument.Parse(
            ModelReaderWriter.Write(target, ModelReaderWriterOptions.Json, OpenAIContext.Default).ToMemory());
        return [.. body.RootElement.EnumerateObject().Select(member => member.Name)];
    }
}
