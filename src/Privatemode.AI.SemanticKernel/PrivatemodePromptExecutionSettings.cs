using System.Collections.ObjectModel;
using System.Text.Json.Serialization;
using Microsoft.Extensions.AI;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using Privatemode.AI.SemanticKernel.Settings;

namespace Privatemode.AI.SemanticKernel;

/// <summary>Provides the settings of a chat request to Privatemode.</summary>
/// <remarks>
/// <para>All values except the model ID and the token limit are sent encrypted. The names of the members of a request are not encrypted.</para>
/// <para>A setting that is <see langword="null"/> is not sent, and the default of the model server applies. Members of
/// <see cref="PromptExecutionSettings.ExtensionData"/> for which this class has no property are added to the request unchanged.</para>
/// <para>The names in JSON and YAML are those of the request, such as <c>top_k</c>. The names of Semantic Kernel's OpenAI connector are read too; see
/// <see cref="FromExecutionSettings"/>.</para>
/// </remarks>
[JsonNumberHandling(JsonNumberHandling.AllowReadingFromString | JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public sealed class PrivatemodePromptExecutionSettings : PromptExecutionSettings
{
    /// <summary>Gets or sets the reasoning effort of the model.</summary>
    /// <value><c>none</c>, <c>minimal</c>, <c>low</c>, <c>medium</c>, <c>high</c>, <c>xhigh</c> or <c>max</c>; each model supports some of them. The default is
    /// <see langword="null"/>: the model server decides.</value>
    [JsonPropertyName("reasoning_effort")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ReasoningEffort { get; set => field = Unfrozen(value); }

    /// <summary>Gets or sets the sampling temperature, usually from 0 to 2.</summary>
    /// <value>The default is <see langword="null"/>.</value>
    [JsonPropertyName("temperature")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Temperature { get; set => field = Unfrozen(value); }

    /// <summary>Gets or sets the cumulative probability of the tokens that are considered (top-p), greater than 0 and at most 1.</summary>
    /// <value>The default is <see langword="null"/>.</value>
    [JsonPropertyName("top_p")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? TopP { get; set => field = Unfrozen(value); }

    /// <summary>Gets or sets the number of most probable tokens that are considered (top-k), at least 1.</summary>
    /// <value>The default is <see langword="null"/>.</value>
    [JsonPropertyName("top_k")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? TopK { get; set => field = Unfrozen(value); }

    /// <summary>Gets or sets the minimum probability of a token, relative to that of the most probable token, from 0 to 1.</summary>
    /// <value>The default is <see langword="null"/>.</value>
    [JsonPropertyName("min_p")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? MinP { get; set => field = Unfrozen(value); }

    /// <summary>Gets or sets the maximum number of tokens in the answer, including reasoning.</summary>
    /// <value>The default is <see langword="null"/>.</value>
    [JsonPropertyName("max_tokens")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? MaxTokens { get; set => field = Unfrozen(value); }

    /// <summary>Gets or sets the penalty for tokens in proportion to their frequency in the answer so far, from -2 to 2.</summary>
    /// <value>The default is <see langword="null"/>.</value>
    [JsonPropertyName("frequency_penalty")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? FrequencyPenalty { get; set => field = Unfrozen(value); }

    /// <summary>Gets or sets the penalty for tokens that have already occurred in the answer, from -2 to 2.</summary>
    /// <value>The default is <see langword="null"/>.</value>
    [JsonPropertyName("presence_penalty")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? PresencePenalty { get; set => field = Unfrozen(value); }

    /// <summary>Gets or sets the penalty for tokens that have already occurred in the prompt or the answer, greater than 0.</summary>
    /// <value>Values greater than 1 make these tokens less probable. The default is <see langword="null"/>.</value>
    [JsonPropertyName("repetition_penalty")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? RepetitionPenalty { get; set => field = Unfrozen(value); }

    /// <summary>Gets or sets the seed for sampling, which makes answers reproducible as far as the model server supports that.</summary>
    /// <value>The default is <see langword="null"/>.</value>
    [JsonPropertyName("seed")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Seed { get; set => field = Unfrozen(value); }

    /// <summary>Gets or sets the sequences at which the model stops generating.</summary>
    /// <value>The default is <see langword="null"/>.</value>
    [JsonPropertyName("stop_sequences")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IList<string>? StopSequences { get; set => field = Unfrozen(value); }

    /// <summary>Gets or sets the bias of tokens, from -100 to 100 for each token ID.</summary>
    /// <value>The default is <see langword="null"/>.</value>
    [JsonPropertyName("logit_bias")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IDictionary<int, int>? LogitBias { get; set => field = Unfrozen(value); }

    /// <summary>Gets or sets a value that indicates whether the log probabilities of the tokens are returned.</summary>
    /// <value>The default is <see langword="null"/>.</value>
    /// <remarks>The log probabilities are in the metadata of the answer, as <c>ContentTokenLogProbabilities</c>.</remarks>
    [JsonPropertyName("logprobs")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Logprobs { get; set => field = Unfrozen(value); }

    /// <summary>Gets or sets the number of most probable alternatives of each token whose log probabilities are returned. <see cref="Logprobs"/> must be
    /// <see langword="true"/>.</summary>
    /// <value>The default is <see langword="null"/>.</value>
    [JsonPropertyName("top_logprobs")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? TopLogprobs { get; set => field = Unfrozen(value); }

    /// <summary>Gets or sets the format of the answer.</summary>
    /// <value><c>text</c> or <c>json_object</c>; a <see cref="Type"/>, for the JSON schema of that type; a JSON schema or a <c>response_format</c> of the
    /// OpenAI API, as JSON; a <see cref="ChatResponseFormat"/>; or an <c>OpenAI.Chat.ChatResponseFormat</c>. The default is <see langword="null"/>.</value>
    [JsonPropertyName("response_format")]
    [JsonConverter(typeof(ResponseFormatConverter))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public object? ResponseFormat { get; set => field = Unfrozen(value); }

    /// <summary>Gets or sets the arguments of the model's chat template, such as <c>enable_thinking</c>.</summary>
    /// <value>The default is <see langword="null"/>.</value>
    [JsonPropertyName("chat_template_kwargs")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IDictionary<string, object?>? ChatTemplateKwargs { get; set => field = Unfrozen(value); }

    /// <summary>Gets or sets the system prompt, which is used if the chat history contains no system message.</summary>
    /// <value>The default is <see langword="null"/>.</value>
    [JsonPropertyName("chat_system_prompt")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ChatSystemPrompt { get; set => field = Unfrozen(value); }

    /// <summary>Gets or sets the developer prompt, which is used if the chat history contains no developer message.</summary>
    /// <value>The default is <see langword="null"/>.</value>
    [JsonPropertyName("chat_developer_prompt")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ChatDeveloperPrompt { get; set => field = Unfrozen(value); }

    /// <summary>Gets or sets an identifier of the end user.</summary>
    /// <value>The default is <see langword="null"/>.</value>
    [JsonPropertyName("user")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? User { get; set => field = Unfrozen(value); }

    /// <summary>Converts settings of any type to settings of this class.</summary>
    /// <param name="executionSettings">The settings, or <see langword="null"/> for default settings. They can be of this class, of another connector such as
    /// <c>OpenAIPromptExecutionSettings</c>, or <see cref="PromptExecutionSettings"/> with <see cref="PromptExecutionSettings.ExtensionData"/>.</param>
    /// <returns><paramref name="executionSettings"/> if they are of this class; otherwise, new settings with all values.</returns>
    /// <remarks>Settings that have another name in this class (<c>token_selection_biases</c>, <c>stop</c>, <c>max_completion_tokens</c>, <c>extra_body</c>) are
    /// converted, and names are also accepted without underscores (<c>maxTokens</c>). Values for which this class has no property are kept in
    /// <see cref="PromptExecutionSettings.ExtensionData"/>.</remarks>
    /// <exception cref="PrivatemodeRequestException">A value has the wrong type or is set twice, or a setting is not supported, such as
    /// <c>ToolCallBehavior</c>, <c>web_search_options</c>, <c>modalities</c>, <c>audio</c> and <c>store</c>.</exception>
    public static PrivatemodePromptExecutionSettings FromExecutionSettings(PromptExecutionSettings? executionSettings) =>
        executionSettings as PrivatemodePromptExecutionSettings ?? ForeignSettings.Convert(executionSettings);

    /// <inheritdoc/>
    public override void Freeze()
    {
        if (IsFrozen)
        {
            return;
        }

        // This must come first: afterwards, the setters throw.
        StopSequences = StopSequences is null ? null : new ReadOnlyCollection<string>(StopSequences);
        LogitBias = LogitBias is null ? null : new ReadOnlyDictionary<int, int>(LogitBias);
        ChatTemplateKwargs = ChatTemplateKwargs is null ? null : new ReadOnlyDictionary<string, object?>(ChatTemplateKwargs);
        base.Freeze();
    }

    /// <inheritdoc/>
    public override PromptExecutionSettings Clone() => Copy();

    /// <summary>Returns a copy that is not frozen.</summary>
    internal PrivatemodePromptExecutionSettings Copy() => new()
    {
        ModelId = ModelId,
        ServiceId = ServiceId,
        FunctionChoiceBehavior = FunctionChoiceBehavior,
        ExtensionData = ExtensionData is null ? null : new Dictionary<string, object>(ExtensionData),
        ReasoningEffort = ReasoningEffort,
        Temperature = Temperature,
        TopP = TopP,
        TopK = TopK,
        MinP = MinP,
        MaxTokens = MaxTokens,
        FrequencyPenalty = FrequencyPenalty,
        PresencePenalty = PresencePenalty,
        RepetitionPenalty = RepetitionPenalty,
        Seed = Seed,
        StopSequences = StopSequences is null ? null : [.. StopSequences],
        LogitBias = LogitBias is null ? null : new Dictionary<int, int>(LogitBias),
        Logprobs = Logprobs,
        TopLogprobs = TopLogprobs,
        ResponseFormat = ResponseFormat,
        ChatTemplateKwargs = ChatTemplateKwargs is null ? null : new Dictionary<string, object?>(ChatTemplateKwargs),
        ChatSystemPrompt = ChatSystemPrompt,
        ChatDeveloperPrompt = ChatDeveloperPrompt,
        User = User,
    };

    /// <inheritdoc/>
    protected override ChatHistory PrepareChatHistoryForRequest(ChatHistory chatHistory)
    {
        ArgumentNullException.ThrowIfNull(chatHistory);

        // The prompts may be in the extension data.
        PrivatemodePromptExecutionSettings settings = ForeignSettings.Normalize(this);
        InsertPrompt(chatHistory, AuthorRole.Developer, settings.ChatDeveloperPrompt);
        InsertPrompt(chatHistory, AuthorRole.System, settings.ChatSystemPrompt);
        return chatHistory;
    }

    /// <inheritdoc/>
    protected override void PrepareChatOptionsForRequest(ChatOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);

        // Semantic Kernel converted the settings through JSON and lost some of them. Only its model and its functions are kept.
        ChatOptionsWriter.Replace(options, this);
    }

    private static void InsertPrompt(ChatHistory history, AuthorRole role, string? prompt)
    {
        if (!string.IsNullOrWhiteSpace(prompt) && !history.Any(message => message.Role == role))
        {
            history.Insert(0, new ChatMessageContent(role, prompt));
        }
    }

    private T Unfrozen<T>(T value)
    {
        ThrowIfFrozen();
        return value;
    }
}
