namespace Privatemode.AI.Testing;

/// <summary>One answer of a <see cref="ScriptedModel"/>. Serves unary and streamed calls alike.</summary>
public sealed class ScriptedAnswer
{
    private readonly List<ScriptedToolCall> _toolCalls = [];
    private readonly List<ScriptedSegment> _words = [];
    private string? _finishReason;

    /// <summary>An empty answer, to add to.</summary>
    public ScriptedAnswer()
    {
    }

    internal ScriptedModel? Script { get; set; }

    internal string Content { get; private set; } = "";

    internal string Reasoning { get; private set; } = "";

    internal string Refusal { get; private set; } = "";

    internal IReadOnlyList<ScriptedToolCall> ToolCalls => _toolCalls;

    internal string FinishReason => _finishReason ?? (_toolCalls.Count > 0 ? "tool_calls" : "stop");

    internal ScriptedUsage? Usage { get; private set; }

    internal (int Status, string Message, string? Code)? Failure { get; private set; }

    internal string? WholeDocument { get; private set; }

    internal IReadOnlyList<string>? Events { get; private set; }

    internal IReadOnlyList<ScriptedSegment> Segments { get; private set; } = [];

    internal IReadOnlyList<ScriptedSegment> Words => _words;

    internal string? Language { get; private set; }

    internal TimeSpan? Duration { get; private set; }

    /// <summary>Vectors of an answer to a request for embeddings; null for any other answer.</summary>
    internal IReadOnlyList<float[]>? Vectors { get; private set; }

    internal IReadOnlyList<ScriptedElement> Elements { get; private set; } = [];

    /// <summary>An answer with this text.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The answer, to add to it.</returns>
    public static ScriptedAnswer Text(string text) => new ScriptedAnswer().WithText(text);

    /// <summary>A transcription.</summary>
    /// <param name="text">The whole text.</param>
    /// <param name="segments">Its segments, sent when the request asks for <c>verbose_json</c>.</param>
    /// <returns>The answer, to add to it.</returns>
    public static ScriptedAnswer Transcription(string text, params IEnumerable<ScriptedSegment> segments)
    {
        ArgumentNullException.ThrowIfNull(segments);
        ScriptedAnswer answer = Text(text);
        answer.Segments = [.. segments];
        return answer;
    }

    /// <summary>Creates an answer with embeddings.</summary>
    /// <param name="vectors">One vector for each input of the request, in order, sent unchanged even if the request asks for other dimensions.</param>
    /// <returns>The answer, to which usage can be added.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="vectors"/> or one of them is <see langword="null"/>.</exception>
    public static ScriptedAnswer Embeddings(params IEnumerable<float[]> vectors)
    {
        ArgumentNullException.ThrowIfNull(vectors);
        float[][] copies = [.. vectors.Select(vector => (float[])(vector ?? throw new ArgumentNullException(nameof(vectors))).Clone())];
        return new ScriptedAnswer { Vectors = copies };
    }

    /// <summary>The elements of a document.</summary>
    /// <param name="elements">The elements; none for a blank document. Its answer is <c>[]</c>, which the client refuses because nothing in it is
    /// encrypted.</param>
    /// <returns>The answer.</returns>
    public static ScriptedAnswer Document(params IEnumerable<ScriptedElement> elements)
    {
        ArgumentNullException.ThrowIfNull(elements);
        return new ScriptedAnswer { Elements = [.. elements] };
    }

    /// <summary>An error of the model server.</summary>
    /// <param name="status">400 to 599.</param>
    /// <param name="message">Text of the error.</param>
    /// <param name="code">Code of the error; null for none.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The status is not one of an error.</exception>
    public static ScriptedAnswer Error(int status, string message, string? code = null)
    {
        ArgumentNullException.ThrowIfNull(message);
        return new ScriptedAnswer { Failure = (Fault.ErrorStatus(status), message, code) };
    }

    /// <summary>Adds reasoning, sent before the text under both of the names the service uses.</summary>
    /// <param name="reasoning">The reasoning.</param>
    /// <returns>This answer.</returns>
    public ScriptedAnswer WithReasoning(string reasoning)
    {
        ArgumentNullException.ThrowIfNull(reasoning);
        Reasoning = reasoning;
        return this;
    }

    /// <summary>Adds text.</summary>
    /// <param name="text">The text.</param>
    /// <returns>This answer.</returns>
    public ScriptedAnswer WithText(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        Content += text;
        return this;
    }

    /// <summary>Adds a tool call; several are sent in parallel.</summary>
    /// <param name="name">Name of the function.</param>
    /// <param name="arguments">JSON object with the arguments.</param>
    /// <param name="id">Id of the call; null for one made up, empty to leave id and type out, as some model servers do.</param>
    /// <returns>This answer.</returns>
    public ScriptedAnswer WithToolCall(string name, string arguments, string? id = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(arguments);
        _toolCalls.Add(new ScriptedToolCall(id ?? $"call_{Guid.NewGuid():N}", name, arguments));
        return this;
    }

    /// <summary>Adds a word of a transcription, sent when the request asks for <c>verbose_json</c>.</summary>
    /// <param name="word">The word.</param>
    /// <param name="start">Where it begins in the recording.</param>
    /// <param name="end">Where it ends.</param>
    /// <returns>This answer.</returns>
    public ScriptedAnswer WithWord(string word, TimeSpan start, TimeSpan end)
    {
        ArgumentNullException.ThrowIfNull(word);
        _words.Add(new ScriptedSegment(word, start, end));
        return this;
    }

    /// <summary>Sets the language of a transcription, which is sent if the request asks for <c>verbose_json</c>. The default is the language of the
    /// request, or <c>en</c>.</summary>
    /// <param name="language">The language, for example <c>de</c>.</param>
    /// <returns>This answer.</returns>
    public ScriptedAnswer WithLanguage(string language)
    {
        ArgumentNullException.ThrowIfNull(language);
        Language = language;
        return this;
    }

    /// <summary>Sets the duration of the recording of a transcription. The default is the end of the last segment or word, or one second. It is sent if
    /// the request asks for <c>verbose_json</c>, and in whole seconds, rounded up, as the usage of each transcription.</summary>
    /// <param name="duration">The duration, zero or more.</param>
    /// <returns>This answer.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="duration"/> is negative.</exception>
    public ScriptedAnswer WithDuration(TimeSpan duration)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(duration, TimeSpan.Zero);
        Duration = duration;
        return this;
    }

    /// <summary>Makes the answer a refusal.</summary>
    /// <param name="refusal">What the model says instead.</param>
    /// <returns>This answer.</returns>
    public ScriptedAnswer WithRefusal(string refusal)
    {
        ArgumentNullException.ThrowIfNull(refusal);
        Refusal = refusal;
        return this;
    }

    /// <summary>Sets why the answer ends; otherwise <c>stop</c>, or <c>tool_calls</c>.</summary>
    /// <param name="finishReason">For example <c>length</c>.</param>
    /// <returns>This answer.</returns>
    public ScriptedAnswer WithFinishReason(string finishReason)
    {
        ArgumentNullException.ThrowIfNull(finishReason);
        _finishReason = finishReason;
        return this;
    }

    /// <summary>Sets the token counts. The default is computed from the lengths of the texts. Embeddings have input tokens only.</summary>
    /// <param name="inputTokens">Tokens of the prompt.</param>
    /// <param name="outputTokens">Tokens of the answer.</param>
    /// <param name="cachedTokens">Tokens of the prompt that came from the cache.</param>
    /// <param name="reasoningTokens">Tokens of the answer that were reasoning.</param>
    /// <returns>This answer.</returns>
    public ScriptedAnswer WithUsage(int inputTokens, int outputTokens, int cachedTokens = 0, int reasoningTokens = 0)
    {
        Usage = new ScriptedUsage(inputTokens, outputTokens, cachedTokens, reasoningTokens);
        return this;
    }

    /// <summary>Writes the whole answer to a call that is not streamed by hand, to see what an application makes of an odd one.</summary>
    /// <remarks>The client refuses an answer without the members the service always sends: for chat <c>choices</c>, <c>created</c>, <c>model</c> and
    /// <c>object</c>. The repository's <c>docs/endpoints.md</c> lists them for each endpoint.</remarks>
    /// <param name="json">A JSON object, or the list of a document's elements; sealed as it stands, whatever else this answer holds.</param>
    /// <returns>This answer.</returns>
    public ScriptedAnswer WithJson(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        WholeDocument = json;
        return this;
    }

    /// <summary>Writes the events of a streamed answer by hand, to see what an application makes of odd ones.</summary>
    /// <remarks>As with <see cref="WithJson"/>, every event needs the members the service always sends.</remarks>
    /// <param name="json">A JSON object for each event, without the end mark; sealed as they stand, whatever else this answer holds.</param>
    /// <returns>This answer.</returns>
    public ScriptedAnswer WithEvents(params IEnumerable<string> json)
    {
        ArgumentNullException.ThrowIfNull(json);

        // A line break between tokens would end the line of the event.
        Events = [.. json.Select(document => (document ?? throw new ArgumentNullException(nameof(json))).ReplaceLineEndings(" "))];
        return this;
    }

    /// <summary>The answer after this one is this text.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The next answer.</returns>
    public ScriptedAnswer ThenReply(string text) => Then(Text(text));

    /// <summary>The answer after this one is this tool call.</summary>
    /// <param name="name">Name of the function.</param>
    /// <param name="arguments">JSON object with the arguments.</param>
    /// <returns>The next answer.</returns>
    public ScriptedAnswer ThenToolCall(string name, string arguments) => Then(new ScriptedAnswer().WithToolCall(name, arguments));

    /// <summary>The answer after this one is this transcription.</summary>
    /// <param name="text">The whole text.</param>
    /// <param name="segments">Its segments, sent when the request asks for <c>verbose_json</c>.</param>
    /// <returns>The next answer.</returns>
    public ScriptedAnswer ThenTranscribe(string text, params IEnumerable<ScriptedSegment> segments) => Then(Transcription(text, segments));

    /// <summary>Adds an answer to the next request for embeddings.</summary>
    /// <param name="vectors">One vector for each input of the request, in order.</param>
    /// <returns>The next answer.</returns>
    public ScriptedAnswer ThenEmbed(params IEnumerable<float[]> vectors) => Then(Embeddings(vectors));

    /// <summary>The answer after this one is the elements of a document.</summary>
    /// <param name="elements">The elements; none for a blank document.</param>
    /// <returns>The next answer.</returns>
    public ScriptedAnswer ThenPartition(params IEnumerable<ScriptedElement> elements) => Then(Document(elements));

    /// <summary>The answer after this one is this error of the model server.</summary>
    /// <param name="status">400 to 599.</param>
    /// <param name="message">Text of the error.</param>
    /// <param name="code">Code of the error; null for none.</param>
    /// <returns>The next answer.</returns>
    public ScriptedAnswer ThenFail(int status, string message, string? code = null) => Then(Error(status, message, code));

    private ScriptedAnswer Then(ScriptedAnswer next) =>
        (Script ?? throw new InvalidOperationException("Only an answer that was scripted with the model can have a next one.")).Enqueue(next);
}
