using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.AI;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Chat;

/// <summary>Reads the arguments of a tool call, and explains to the model why a call with unreadable arguments did not run.</summary>
internal static class ToolCallArguments
{
    /// <summary>The additional property of a <see cref="FunctionCallContent"/> with the model's text, if it is not a JSON object with unique
    /// names.</summary>
    /// <remarks>An additional property is kept when a history is stored as JSON; <see cref="FunctionCallContent.Exception"/> is not.</remarks>
    public const string RawKey = "privatemode.raw_arguments";

    private const string Unreadable =
        "The arguments of this tool call are cut off, are not a JSON object, or contain one argument twice, so the call must not run. The next request " +
        "tells the model, which can call again. If FinishReason is Length, raise ChatOptions.MaxOutputTokens.";

    private const string ErrorResult =
        "Error: the function did not run, because the arguments of the call are cut off, are not a JSON object, or contain one argument twice. " +
        "Call it again with complete arguments.";

    private static readonly JsonTypeInfo<IDictionary<string, object?>> ArgumentsType =
        (JsonTypeInfo<IDictionary<string, object?>>)AIJsonUtilities.DefaultOptions.GetTypeInfo(typeof(IDictionary<string, object?>));

    /// <summary>Returns a tool call of the model. If its arguments cannot be read, it is marked as informational, so that it is not invoked.</summary>
    /// <param name="id">The ID of the call.</param>
    /// <param name="name">The name of the function.</param>
    /// <param name="arguments">The model's text. <c>null</c> means no arguments; an empty text does too, unless the call is cut off.</param>
    /// <param name="isCutOff">Whether the answer ended early in this call, so that missing arguments do not mean none.</param>
    public static FunctionCallContent ToCall(string id, string name, BinaryData? arguments, bool isCutOff)
    {
        ReadOnlyMemory<byte> written = arguments is null ? default : arguments.ToMemory();
        using CallArguments reader = new();
        IDictionary<string, object?>? read = reader.TryRead(written, isCutOff, out ReadOnlyMemory<byte> json) ? TryRead(json.Span) : null;

        // Function invokers ignore Exception and would run the function with default arguments.
        return read is not null ? new FunctionCallContent(id, name, read) : new FunctionCallContent(id, name)
        {
            InformationalOnly = true,

            // Without the parser's exception, which quotes the model's text.
            Exception = new JsonException(Unreadable),
            AdditionalProperties = new() { [RawKey] = arguments?.ToString() ?? "" },
        };
    }

    /// <summary>Returns whether a call in the history had unreadable arguments that have not been replaced.</summary>
    public static bool AreUnreadable(FunctionCallContent call) =>
        call.Arguments is null && (call.Exception is not null || call.AdditionalProperties?.ContainsKey(RawKey) == true);

    /// <summary>Returns the result of a call with unreadable arguments.</summary>
    /// <remarks>
    /// It quotes the model's text. The request contains <c>{}</c> as arguments, because model servers parse the arguments in the history: vLLM up to 0.25.1
    /// (service version 1.40 runs 0.20) answers with status 400 if they are not JSON, so every later request of the conversation would fail.
    /// </remarks>
    public static string ErrorFor(FunctionCallContent call)
    {
        object? raw = null;
        _ = call.AdditionalProperties?.TryGetValue(RawKey, out raw);
        string? text = raw as string ?? (raw is JsonElement { ValueKind: JsonValueKind.String } element ? element.GetString() : null);
        return string.IsNullOrWhiteSpace(text) ? ErrorResult : $"{ErrorResult} The arguments were: {text}";
    }

    private static IDictionary<string, object?>? TryRead(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, ArgumentsType);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or ArgumentException or NotSupportedException)
        {
            return null;
        }
    }
}

/// <summary>Writes JSON for the model: the types of <see cref="AIJsonUtilities"/>, without white space, which costs tokens.</summary>
internal static class CompactJsonSerializer
{
    private const string ArgumentsMember = "FunctionCallContent.Arguments";
    private const string ResultMember = "FunctionResultContent.Result";

    private static readonly JsonSerializerOptions ArgumentsOptions = CreateOptions(ArgumentsMember);
    private static readonly JsonSerializerOptions ResultOptions = CreateOptions(ResultMember);
    private static readonly JsonSerializerOptions Options = CreateOptions(member: null);

    /// <exception cref="PrivatemodeRequestException">An argument cannot be written as JSON, or contains a name that is not valid Unicode text.</exception>
    public static string Arguments(IDictionary<string, object?>? arguments) => arguments is null ? "{}" : Write(
        arguments, typeof(IDictionary<string, object?>), ArgumentsOptions, ArgumentsMember);

    /// <exception cref="PrivatemodeRequestException">The result cannot be written as JSON, or contains a name that is not valid Unicode text.</exception>
    public static string Result(object result) => Write(result, typeof(object), ResultOptions, ResultMember);

    /// <summary>Returns a node as JSON text with as few escape sequences as possible.</summary>
    public static string Text(JsonNode? node) => node?.ToJsonString(Options) ?? "null";

    private static string Write(object value, Type type, JsonSerializerOptions options, string member)
    {
        try
        {
            return JsonSerializer.Serialize(value, options.GetTypeInfo(type));
        }
        catch (Exception exception) when (exception is NotSupportedException or JsonException or ArgumentException)
        {
            // Their messages name members of the value, so they are not passed on.
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

/// <summary>Writes JSON values and dictionary keys that may contain half of a surrogate pair; see <see cref="WellFormedText"/>.</summary>
internal static class WellFormedConverters
{
    public static void AddTo(JsonSerializerOptions options, string member)
    {
        options.Converters.Add(new ElementConverter(member));
        options.Converters.Add(new NodeConverter(member));
        options.Converters.Add(new TextConverter(member));
    }

    private sealed class ElementConverter(string member) : JsonConverter<JsonElement>
    {
        public override JsonElement Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, JsonElement value, JsonSerializerOptions options)
        {
            if (value.ValueKind == JsonValueKind.Undefined)
            {
                throw new JsonException();
            }

            WellFormedText.Of(member, value).WriteTo(writer);
        }
    }

    private sealed class NodeConverter(string member) : JsonConverter<JsonNode>
    {
        public override bool CanConvert(Type typeToConvert) => typeof(JsonNode).IsAssignableFrom(typeToConvert);

        public override JsonNode Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, JsonNode value, JsonSerializerOptions options) => WellFormedText.Write(member, writer, value);
    }

    private sealed class TextConverter(string member) : JsonConverter<string>
    {
        public override string Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);

        public override void WriteAsPropertyName(Utf8JsonWriter writer, string value, JsonSerializerOptions options) =>
            writer.WritePropertyName(WellFormedText.ValidateName(member, value));
    }
}
