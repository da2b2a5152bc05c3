using System.Text.Json;
using Microsoft.Extensions.AI;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;

namespace Privatemode.AI.SemanticKernel.Chat;

/// <summary>The functions that one request offers to the model, and how the calls of its answer are handled.</summary>
internal sealed class FunctionSet
{
    private const char Separator = '-';

    private static readonly FunctionSet None = new(null, [], autoInvokes: false);

    private readonly FunctionChoiceBehaviorConfiguration? _configuration;
    private readonly Dictionary<string, KernelFunction> _functions;

    private FunctionSet(FunctionChoiceBehaviorConfiguration? configuration, Dictionary<string, KernelFunction> functions, bool autoInvokes) =>
        (_configuration, _functions, AutoInvokes) = (configuration, functions, autoInvokes);

    /// <summary>Whether the connector invokes the functions that the model calls.</summary>
    public bool AutoInvokes { get; }

    /// <summary>Whether calls of one answer are invoked at the same time.</summary>
    public bool IsConcurrent => _configuration?.Options.AllowConcurrentInvocation == true;

    /// <summary>Whether arguments keep their types; otherwise they are strings, as Semantic Kernel expects by default.</summary>
    public bool RetainsTypes => _configuration?.Options.RetainArgumentTypes == true;

    /// <param name="behavior">The behavior in the settings.</param>
    /// <param name="history">The chat history.</param>
    /// <param name="kernel">The kernel with the plugins.</param>
    /// <param name="requestIndex">The number of earlier requests of this call.</param>
    /// <param name="mayInvoke">Whether the limits of automatic invocation permit another one.</param>
    public static FunctionSet Create(FunctionChoiceBehavior? behavior, ChatHistory history, Kernel? kernel, int requestIndex, bool mayInvoke)
    {
        if (behavior is null)
        {
            return None;
        }

        FunctionChoiceBehaviorConfiguration configuration =
            behavior.GetConfiguration(new(history) { Kernel = kernel, RequestSequenceIndex = requestIndex });
        Dictionary<string, KernelFunction> functions = new(StringComparer.OrdinalIgnoreCase);
        foreach (KernelFunction function in configuration.Functions ?? [])
        {
            functions[WireName(function.PluginName, function.Name)] = function;
        }

        return new FunctionSet(configuration, functions, configuration.AutoInvoke && kernel is not null && mayInvoke);
    }

    /// <summary>The name of a function in requests, as in Semantic Kernel's OpenAI connector.</summary>
    public static string WireName(string? pluginName, string functionName) =>
        string.IsNullOrEmpty(pluginName) ? functionName : $"{pluginName}{Separator}{functionName}";

    /// <summary>The function that was offered to the model under a name; null if there is no such function.</summary>
    public KernelFunction? Find(string wireName) => _functions.GetValueOrDefault(wireName);

    /// <summary>Splits a name in an answer into the names of the plugin and the function.</summary>
    public (string? PluginName, string FunctionName) Parse(string wireName)
    {
        if (Find(wireName) is { } function)
        {
            return (function.PluginName, function.Name);
        }

        int separator = wireName.IndexOf(Separator, StringComparison.Ordinal);
        return separator < 0 ? (null, wireName) : (wireName[..separator], wireName[(separator + 1)..]);
    }

    /// <summary>Adds the functions to the options of a request.</summary>
    public void Write(ChatOptions options)
    {
        if (_configuration is null || _functions.Count == 0)
        {
            return;
        }

        bool isStrict = _configuration.Options.AllowStrictSchemaAdherence;
        options.Tools = [.. _functions.Select(function => new Declaration(function.Key, function.Value, isStrict))];
        options.AllowMultipleToolCalls = _configuration.Options.AllowParallelCalls;
        options.ToolMode = _configuration.Choice == FunctionChoice.Required ? ChatToolMode.RequireAny
            : _configuration.Choice == FunctionChoice.None ? ChatToolMode.None
            : ChatToolMode.Auto;
    }

    private sealed class Declaration(string name, KernelFunction function, bool isStrict) : AIFunctionDeclaration
    {
        private static readonly IReadOnlyDictionary<string, object?> Strict = new Dictionary<string, object?> { ["strict"] = true };

        public override string Name => name;

        public override string Description => function.Description;

        public override JsonElement JsonSchema => function.JsonSchema;

        public override IReadOnlyDictionary<string, object?> AdditionalProperties => isStrict ? Strict : function.AdditionalProperties;
    }
}
