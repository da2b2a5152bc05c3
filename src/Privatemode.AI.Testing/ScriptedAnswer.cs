using Microsoft.Extensions.AI;

namespace Privatemode.AI.Testing;

/// <summary>Represents an answer of a <see cref="ScriptedModel"/>.</summary>
/// <remarks>
/// <para>An answer can be used for a request that is streamed or not. Methods whose names begin with <c>With</c> change this answer and return it, even if it
/// is already in the script. Change it before the application sends its request.</para>
/// <para>Parts that the endpoint does not have are not sent, for example the reasoning of a transcription, or the elements of a document if the next request
/// is a chat. Use <see cref="ScriptedModel.Reply"/> for chats, completions and messages.</para>
/// </remarks>
public sealed class ScriptedAnswer
{
    private readonly List<ScriptedToolCall> _toolCalls = [];
    private readonly List<ScriptedTranscriptionSegment> _words = [];
    private string? _finishReason;

    /// <summary>Initializes a new instance of the <see cref="ScriptedAnswer"/> class without content.</summary>
    public ScriptedAnswer()
    {
    }

    /// <summary>Gets the model whose script contains this answer, to add the next answer to that script.</summary>
    /// <exception cref="InvalidOperationException">The answer was not returned by a method of <see cref="ScriptedModel"/>.</exception>
    public ScriptedModel Then => Script ?? throw new InvalidOperationException(
        "The answer is not part of a script. 'Then' is available on answers that a method of the model returned, for example 'Reply'.");

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

    internal IReadOnlyList<ScriptedTranscriptionSegment> Segments { get; private set; } = [];

    internal IReadOnlyList<ScriptedTranscriptionSegment> Words => _words;

    internal string? Language { get; private set; }

    internal TimeSpan? Duration { get; private set; }

    /// <summary>Vectors of an answer to a request for embeddings; null for any other answer.</summary>
    internal IReadOnlyList<float[]>? Vectors { get; private set; }

    internal IReadOnlyList<ScriptedDocumentElement> Elements { get; private set; } = [];

    /// <summary>Creates an answer with a text.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="text"/> is <see langword="null"/>.</exception>
    public static ScriptedAnswer Text(string text) => new ScriptedAnswer().WithText(text);

    /// <summary>Creates an answer with a tool call. Call <see cref="WithToolCall"/> to add parallel tool calls.</summary>
    /// <param name="name">The name of the function.</param>
    /// <param name="arguments">The arguments as a JSON object.</param>
    /// <param name="id">The ID of the call, or <see langword="null"/> for a generated one.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="name"/> or <paramref name="arguments"/> is <see langword="null"/>.</exception>
    public static ScriptedAnswer ToolCall(string name, string arguments, string? id = null) => new ScriptedAnswer().WithToolCall(name, arguments, id);

    /// <summary>Creates a transcription.</summary>
    /// <param name="text">The whole text.</param>
    /// <param name="segments">The segments, which are sent if the request asks for <c>verbose_json</c>.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="text"/> or <paramref name="segments"/> is <see langword="null"/>.</exception>
    public static ScriptedAnswer Transcription(string text, params IEnumerable<ScriptedTranscriptionSegment> segments)
    {
        ArgumentNullException.ThrowIfNull(segments);
        ScriptedAnswer answer = Text(text);
        answer.Segments = [.. segments];
        return answer;
    }

    /// <summary>Creates an answer with embeddings.</summary>
    /// <param name="vectors">One vector for each input of the request, in order; another number of vectors is answered with status 500. The vectors are sent
    /// unchanged even if the request asks for other dimensions.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="vectors"/> or one of them is <see langword="null"/>.</exception>
    public static ScriptedAnswer Embeddings(params IEnumerable<float[]> vectors)
    {
        ArgumentNullException.ThrowIfNull(vectors);
        float[][] copies = [.. vectors.Select(vector => (float[])(vector ?? throw new ArgumentNullException(nameof(vectors))).Clone())];
        return new ScriptedAnswer { Vectors = copies };
    }

    /// <summary>Creates an answer with the elements of a document.</summary>
    /// <param name="elements">The elements, or an empty sequence for a blank document. The answer to a blank document is <c>[]</c>, which the client refuses
    /// because it contains nothing encrypted.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="elements"/> is <see langword="null"/>.</exception>
    public static ScriptedAnswer Document(params IEnumerable<ScriptedDocumentElement> elements)
    {
        ArgumentNullException.ThrowIfNull(elements);
        return new ScriptedAnswer { Elements = [.. elements] };
    }

    /// <summary>Creates an encrypted error of the model server.</summary>
    /// <param name="statusCode">The HTTP status, from 400 to 599.</param>
    /// <param name="message">The error message.</param>
    /// <param name="code">The error code, or <see langword="null"/> for none.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="message"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="statusCode"/> is not between 400 and 599.</exception>
    public static ScriptedAnswer Error(int statusCode, string message, string? code = null)
    {
        ArgumentNullException.ThrowIfNull(message);
        return new ScriptedAnswer { Failure = (Fault.ErrorStatus(statusCode), message, code) };
    }

    /// <summary>Sets the reasoning, which is sent before the text. A chat contains it in <c>reasoning</c> and <c>reasoning_content</c>, as on the
    /// service.</summary>
    /// <param name="reasoning">The reasoning.</param>
    /// <returns>This answer.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="reasoning"/> is <see langword="null"/>.</exception>
    public ScriptedAnswer WithReasoning(string reasoning)
    {
        ArgumentNullException.ThrowIfNull(reasoning);
        Reasoning = reasoning;
        return this;
    }

    /// <summary>Appends text to the text of this answer.</summary>
    /// <param name="text">The text.</param>
    /// <returns>This answer.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="text"/> is <see langword="null"/>.</exception>
    public ScriptedAnswer WithText(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        Content += text;
        return this;
    }

    /// <summary>Adds a tool call. If an answer has several tool calls, they are parallel.</summary>
    /// <param name="name">The name of the function.</param>
    /// <param name="arguments">The arguments as a JSON object.</param>
    /// <param name="id">The ID of the call, or <see langword="null"/> for a generated one. If it is empty, the call in a chat has no ID and no type, as with
    /// some model servers.</param>
    /// <returns>This answer.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="name"/> or <paramref name="arguments"/> is <see langword="null"/>.</exception>
    public ScriptedAnswer WithToolCall(string name, string arguments, string? id = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(arguments);
        _toolCalls.Add(new ScriptedToolCall(id ?? $"call_{Guid.NewGuid():N}", name, arguments));
        return this;
    }

    /// <summary>Adds a word of a transcription, which is sent if the request asks for <c>verbose_json</c>.</summary>
    /// <param name="word">The word.</param>
    /// <param name="start">The time in the recording at which the word begins.</param>
    /// <param name="end">The time in the recording at which the word ends.</param>
    /// <returns>This answer.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="word"/> is <see langword="null"/>.</exception>
    public ScriptedAnswer WithWord(string word, TimeSpan start, TimeSpan end)
    {
        ArgumentNullException.ThrowIfNull(word);
        _words.Add(new ScriptedTranscriptionSegment(word, start, end));
        return this;
    }

    /// <summary>Sets the language of a transcription, which is sent if the request asks for <c>verbose_json</c>.</summary>
    /// <remarks>The default is the language of the request, or <c>en</c>.</remarks>
    /// <param name="language">The language, for example <c>de</c>.</param>
    /// <returns>This answer.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="language"/> is <see langword="null"/>.</exception>
    public ScriptedAnswer WithLanguage(string language)
    {
        ArgumentNullException.ThrowIfNull(language);
        Language = language;
        return this;
    }

    /// <summary>Sets the duration of the recording of a transcription. It does not delay the answer.</summary>
    /// <remarks>The default is the end of the last segment or word, or one second. The duration is sent if the request asks for <c>verbose_json</c>. It is also
    /// the usage of each transcription that is not streamed, in whole seconds, rounded up.</remarks>
    /// <param name="duration">The duration, zero or more.</param>
    /// <returns>This answer.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="duration"/> is negative.</exception>
    public ScriptedAnswer WithRecordingDuration(TimeSpan duration)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(duration, TimeSpan.Zero);
        Duration = duration;
        return this;
    }

    /// <summary>Sets the refusal, with which the model declines the request.</summary>
    /// <param name="refusal">The text of the refusal.</param>
    /// <returns>This answer.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="refusal"/> is <see langword="null"/>.</exception>
    public ScriptedAnswer WithRefusal(string refusal)
    {
        ArgumentNullException.ThrowIfNull(refusal);
        Refusal = refusal;
        return this;
    }

    /// <summary>Sets the finish reason. The default is <c>tool_calls</c> if there are tool calls, and <c>stop</c> otherwise.</summary>
    /// <param name="finishReason">The finish reason, for example <c>length</c>. On <c>/v1/messages</c>, <c>stop</c>, <c>tool_calls</c> and <c>length</c> become
    /// <c>end_turn</c>, <c>tool_use</c> and <c>max_tokens</c>.</param>
    /// <returns>This answer.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="finishReason"/> is <see langword="null"/>.</exception>
    public ScriptedAnswer WithFinishReason(string finishReason)
    {
        ArgumentNullException.ThrowIfNull(finishReason);
        _finishReason = finishReason;
        return this;
    }

    /// <summary>Sets the token counts. By default, they are computed from the lengths of the texts.</summary>
    /// <remarks>These members are used: <see cref="UsageDetails.InputTokenCount"/>, <see cref="UsageDetails.OutputTokenCount"/>,
    /// <see cref="UsageDetails.CachedInputTokenCount"/> and <see cref="UsageDetails.ReasoningTokenCount"/>. A count that is <see langword="null"/> is sent as
    /// 0. Embeddings have input tokens only, and messages have no reasoning tokens. Transcriptions and documents do not use these counts; see
    /// <see cref="WithRecordingDuration"/>.</remarks>
    /// <param name="usage">The token counts.</param>
    /// <returns>This answer.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="usage"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A token count is negative or greater than <see cref="int.MaxValue"/>.</exception>
    public ScriptedAnswer WithUsage(UsageDetails usage)
    {
        ArgumentNullException.ThrowIfNull(usage);
        Usage = ScriptedUsage.From(usage);
        return this;
    }

    /// <summary>Sets the whole answer to a request that is not streamed, for example to test an unusual answer.</summary>
    /// <remarks>A streamed request is still answered with the other parts of this answer; see <see cref="WithRawEvents"/>. The client refuses an answer without
    /// the members that the service always sends, which are <c>choices</c>, <c>created</c>, <c>model</c> and <c>object</c> for a chat. The repository's
    /// <c>docs/endpoints.md</c> lists these members for each endpoint.</remarks>
    /// <param name="json">A JSON object or, for document extraction, a JSON array of elements. It is encrypted and sent unchanged, in place of everything else
    /// in this answer.</param>
    /// <returns>This answer.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="json"/> is <see langword="null"/>.</exception>
    public ScriptedAnswer WithRawJson(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        WholeDocument = json;
        return this;
    }

    /// <summary>Sets the events of the answer to a streamed request, for example to test unusual ones.</summary>
    /// <remarks>As with <see cref="WithRawJson"/>, every event needs the members that the service always sends.</remarks>
    /// <param name="json">A JSON object for each event, without the marker that ends the stream. The events are encrypted and sent in place of everything else
    /// in this answer.</param>
    /// <returns>This answer.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="json"/> or one of its elements is <see langword="null"/>.</exception>
    public ScriptedAnswer WithRawEvents(params IEnumerable<string> json)
    {
        ArgumentNullException.ThrowIfNull(json);

        // A line break between tokens would end the line of the event.
        Events = [.. json.Select(document => (document ?? throw new ArgumentNullException(nameof(json))).ReplaceLineEndings(" "))];
        return this;
    }
}
