using System.Collections.Concurrent;

namespace Privatemode.AI.Testing;

/// <summary>The model behind a test deployment: gives the answers it was told to give, in order.</summary>
/// <remarks>Thread-safe. Without a script it repeats the last user message behind <c>You said: </c>.</remarks>
public sealed class ScriptedModel
{
    private readonly ConcurrentQueue<ScriptedAnswer> _script = [];
    private readonly ConcurrentQueue<ScriptedAnswer> _embeddings = [];
    private readonly ConcurrentDictionary<string, float[]> _vectors = new(StringComparer.Ordinal);
    private Func<RecordedRequest, ScriptedAnswer>? _fallback;

    internal ScriptedModel()
    {
    }

    /// <summary>How many scripted answers are still to be given.</summary>
    public int Pending => _script.Count + _embeddings.Count;

    /// <summary>The next answer is this text.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The answer, to add to it (<c>With…</c>) or to script the one after it (<c>Then…</c>).</returns>
    public ScriptedAnswer Reply(string text) => Enqueue(ScriptedAnswer.Text(text));

    /// <summary>The next answer is this tool call.</summary>
    /// <param name="name">Name of the function.</param>
    /// <param name="arguments">JSON object with the arguments.</param>
    /// <returns>The answer, to add to it or to script the one after it.</returns>
    public ScriptedAnswer ToolCall(string name, string arguments) => Enqueue(new ScriptedAnswer().WithToolCall(name, arguments));

    /// <summary>The next answer is this transcription.</summary>
    /// <param name="text">The whole text.</param>
    /// <param name="segments">Its segments, sent when the request asks for <c>verbose_json</c>.</param>
    /// <returns>The answer, to add to it or to script the one after it.</returns>
    public ScriptedAnswer Transcribe(string text, params IEnumerable<ScriptedSegment> segments) => Enqueue(ScriptedAnswer.Transcription(text, segments));

    /// <summary>The next request for embeddings is answered with these. Embeddings are scripted apart from other answers, so that a chat and a search in
    /// between do not take each other's.</summary>
    /// <param name="vectors">One for each input of the request, in their order. Sent as they are, whatever the request says of dimensions.</param>
    /// <returns>The answer, to add the usage to it or to script the one after it.</returns>
    public ScriptedAnswer Embed(params IEnumerable<float[]> vectors) => Enqueue(ScriptedAnswer.Embeddings(vectors));

    /// <summary>From here on the embedding of this text is this vector, unless the whole answer is scripted with <see cref="Embed"/>. Other texts have
    /// vectors that are made up from their hash: of as many numbers, equal for equal texts, and of length 1.</summary>
    /// <param name="input">The text, as a request has it: with the instruction of a query, if there is one.</param>
    /// <param name="vector">Its vector, of as many numbers as those of other texts. Sent as it is, whatever the request says of dimensions.</param>
    /// <exception cref="ArgumentNullException">The text or the vector is null.</exception>
    /// <exception cref="ArgumentException">The vector of another text has another number of dimensions.</exception>
    public void SetEmbedding(string input, params float[] vector)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(vector);
        if (_vectors.Any(other => other.Key != input && other.Value.Length != vector.Length))
        {
            throw new ArgumentException($"The vector has {vector.Length} numbers, that of another text has not. A model has one number of dimensions.",
                nameof(vector));
        }

        _vectors[input] = (float[])vector.Clone();
    }

    /// <summary>The next answer is the elements of a document.</summary>
    /// <param name="elements">None for a blank document. The service answers <c>[]</c> then, which the client refuses because nothing in it is
    /// encrypted.</param>
    /// <returns>The answer, to script the one after it.</returns>
    public ScriptedAnswer Partition(params IEnumerable<ScriptedElement> elements) => Enqueue(ScriptedAnswer.Document(elements));

    /// <summary>The next answer is this error of the model server, sealed as it seals its errors.</summary>
    /// <param name="status">400 to 599.</param>
    /// <param name="message">Text of the error.</param>
    /// <param name="code">Code of the error; null for none.</param>
    /// <returns>The answer, to script the one after it.</returns>
    public ScriptedAnswer Fail(int status, string message, string? code = null) => Enqueue(ScriptedAnswer.Error(status, message, code));

    /// <summary>Answers requests for which nothing is scripted.</summary>
    /// <param name="answer">Makes the answer from the request, whose <see cref="RecordedRequest.OpenedBody"/> is set. May be called by
    /// several threads. What it throws is answered as an error with status 500 that carries the text of the exception.</param>
    public void Respond(Func<RecordedRequest, ScriptedAnswer> answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        _fallback = answer;
    }

    internal ScriptedAnswer Enqueue(ScriptedAnswer answer)
    {
        answer.Script = this;
        (answer.Vectors is null ? _script : _embeddings).Enqueue(answer);
        return answer;
    }

    /// <summary>The scripted answer to a request for embeddings; null when there is none.</summary>
    internal ScriptedAnswer? NextEmbeddings() => _embeddings.TryDequeue(out ScriptedAnswer? answer) ? answer : null;

    /// <summary>How many numbers the vectors have that were set; null when there are none.</summary>
    internal int? EmbeddingDimensions => _vectors.Values.FirstOrDefault()?.Length;

    /// <summary>The vector that was set for a text; null when there is none.</summary>
    internal float[]? FindEmbedding(string input) => _vectors.GetValueOrDefault(input);

    internal ScriptedAnswer Next(RecordedRequest request, Func<ScriptedAnswer> echo) =>
        _script.TryDequeue(out ScriptedAnswer? answer) ? answer : Fallback(request) ?? echo();

    /// <summary>A mistake in the caller's function shows in the answer; thrown on, the connection would just break.</summary>
    private ScriptedAnswer? Fallback(RecordedRequest request)
    {
        try
        {
            return _fallback?.Invoke(request);
        }
        catch (Exception exception)
        {
            return ScriptedAnswer.Error(500, $"The function given to {nameof(Respond)} threw {exception}");
        }
    }
}
