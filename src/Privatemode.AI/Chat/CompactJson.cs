using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace Privatemode.AI.Chat;

/// <summary>JSON for the model: the types of <see cref="AIJsonUtilities"/>, without the white space, which costs tokens.</summary>
internal static class CompactJson
{
    private const string ArgumentsMember = "FunctionCallContent.Arguments";
    private const string ResultMember = "FunctionResultContent.Result";

    private static readonly JsonSerializerOptions ArgumentsOptions = CreateOptions(ArgumentsMember);
    private static readonly JsonSerializerOptions ResultOptions = CreateOptions(ResultMember);
    private static readonly JsonSerializerOptions Options = CreateOptions(member: null);

    /// <exception cref="PrivatemodeRequestException">An argument cannot be written as JSON, or a name in it is no text.</exception>
    public static string Arguments(IDictionary<string, object?>? arguments) => arguments is null ? "{}" : Write(
        arguments, typeof(IDictionary<string, object?>), ArgumentsOptions, ArgumentsMember);

    /// <exception cref="PrivatemodeRequestException">The result cannot be written as JSON, or a name in it is no text.</exception>
    public static string Result(object result) => Write(result, typeof(object), ResultOptions, ResultMember);

    /// <summary>A node as text, with as few escapes as JSON allows.</summary>
    public static string Text(JsonNode? node) => node?.ToJsonString(Options) ?? "null";

    private static string Write(object value, Type type, JsonSerializerOptions options, string member)
    {
        try
        {
            return JsonSerializer.Serialize(value, options.GetTypeInfo(type));
        }
        catch (Exception exception) when (exception is NotSupportedException or JsonException or ArgumentException)
        {
            // Their messages name members of the value, so none of them goes along.
            throw new PrivatemodeRequestException(
                member,
                $"A value of type {value.GetType()} cannot be written as JSON. Use text, JsonElement, JsonNode, or a type the serializer knows, " +
                "and no NaN or infinity.");
        }
    }

    private static JsonSerializerOptions CreateOptions(string? member)
    {
        JsonSerializerOptions options = new(AIJsonUtilities.DefaultOptions) { WriteIndented = false };
        if (member is not null)
        {
            WellFormedConverters.AddTo(options, member);
        }

        options.MakeReadOnly();
        return options;
    }
}
