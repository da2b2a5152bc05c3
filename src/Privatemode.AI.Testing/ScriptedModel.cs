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

    /// <summary>Answers the next request for embeddings. Embeddings have a script of their own, so that a chat and a search do not take each other's
    /// answers.</summary>
    /// <param name="vectors">One vector for each input of the request, in order, sent unchanged even if the request asks for other dimensions.</param>
    /// <returns>The answer, to which usage or the next answer can be added.</returns>
    public ScriptedAnswer Embed(params IEnumerable<float[]> vectors) => Enqueue(ScriptedAnswer.Embeddings(vectors));

    /// <summary>Sets the embedding of a text for all requests that are not answered by <see cref="Embed"/>. The vectors of other texts are computed from
    /// their hash: they have the same number of dimensions and length 1, and equal texts have equal vectors.</summary>
    /// <param name="input">The text as it is in the request, including the instruction of a query.</param>
    /// <param name="vector">The vector. It is sent unchanged, also if the request asks for other dimensions.</param>
    /// <exception cref="ArgumentNullException"><paramref name="input"/> or <paramref name="vector"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">The vector set for another text has a different number of dimensions.</exception>
    public void SetEmbedding(string input, params float[] vector)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(vector);
        if (_vectors.Any(other => other.Key != input && other.Value.Length != vector.Length))
        {
            throw new ArgumentException(
                $"The vector has {vector.Length} dimensions, but that of another text has a different number. Use the same number for all.", nameof(vector));
        }

        _vectors[input] = (float[])vector.Clone();
    }

    /// <summary>The next answer is the elements of a document.</summary>
    /// <param name="elements">The elements; none for a blank document. Its answer is <c>[]</c>, which the client refuses because nothing in it is
    /// encrypted.</param>
    /// <returns>The answer, to script the one after it.</returns>
    public ScriptedAnswer Partition(params IEnumerable<ScriptedElement> elements) => Enqueue(ScriptedAnswer.Document(elements));

    /// <summary>The next answer is this error of the model server, sealed as it seals its errors.</summary>
    /// <param name="status">400 to 599.</param>
    /// <param name="message">Text of the error.</param>
    /// <param name="code">Code of the error; null for none.</param>
    /// <returns>The answer, to script the one after it.</returns>
    public ScriptedAnswer Fail(int status, string message, string? code = null) => Enqueue(ScriptedAnswer.Error(status, message, code));

    /// <summary>Answers requests for which nothing is scripted, except those for embeddings (see <see cref="SetEmbedding"/>).</summary>
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

    /// <summary>The scripted answer to a request for embeddings; null if none is scripted.</summary>
    internal ScriptedAnswer? NextEmbeddings() => _embeddings.TryDequeue(out ScriptedAnswer? answer) ? answer : null;

    /// <summary>How many numbers the vectors have that were set; null when there are none.</summary>
    internal int? EmbeddingDimensions => _vectors.Values.FirstOrDefault()?.Length;

    /// <summary>The vector that was set for a text; null if none was set.</summary>
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
