using System.Collections.Concurrent;

namespace Privatemode.AI.Testing;

/// <summary>Represents the model of a test deployment, which returns scripted answers in order.</summary>
/// <remarks>
/// <para>Each method whose name begins with <c>Reply</c> adds an answer to the end of the script. An answer is used for one request, streamed or not.
/// Requests for embeddings have a separate script, so that a chat does not use the answer to a search, or the reverse.</para>
/// <para>All other endpoints share one script: each request uses the next answer, regardless of its model and endpoint. To choose an answer by the content of a
/// request, use <see cref="SetFallback"/>.</para>
/// <para>Without a script, a chat is answered with <c>You said: </c> and the last user message. Thread-safe.</para>
/// </remarks>
public sealed class ScriptedModel
{
    private readonly ConcurrentQueue<ScriptedAnswer> _script = [];
    private readonly ConcurrentQueue<ScriptedAnswer> _embeddings = [];
    private readonly ConcurrentDictionary<string, float[]> _vectors = new(StringComparer.Ordinal);
    private Func<RecordedRequest, ScriptedAnswer>? _fallback;

    internal ScriptedModel()
    {
    }

    /// <summary>Gets the number of scripted answers that have not been used yet.</summary>
    /// <value>Assert that the number is 0 at the end of a test, to ensure that your application sent all the requests that the script expects.</value>
    public int PendingCount => _script.Count + _embeddings.Count;

    /// <summary>Adds an answer with a text to the script.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The answer. Call its methods to extend it, and use <see cref="ScriptedAnswer.Then"/> to add the next answer.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="text"/> is <see langword="null"/>.</exception>
    public ScriptedAnswer Reply(string text) => Enqueue(ScriptedAnswer.Text(text));

    /// <summary>Adds an answer with a tool call to the script.</summary>
    /// <remarks>If the request offers tools, but not one with this name, the deployment answers with status 500 and the names of the offered tools. To script a
    /// call of a tool that does not exist, use <see cref="ScriptedAnswer.WithRawJson"/> or <see cref="ScriptedAnswer.WithRawEvents"/>.</remarks>
    /// <param name="name">The name of the function, as the request offers it.</param>
    /// <param name="arguments">The arguments as a JSON object.</param>
    /// <param name="id">The ID of the call, or <see langword="null"/> for a generated one.</param>
    /// <returns>The answer. Call <see cref="ScriptedAnswer.WithToolCall"/> to add parallel tool calls.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="name"/> or <paramref name="arguments"/> is <see langword="null"/>.</exception>
    public ScriptedAnswer ReplyWithToolCall(string name, string arguments, string? id = null) => Enqueue(ScriptedAnswer.ToolCall(name, arguments, id));

    /// <summary>Adds a transcription to the script.</summary>
    /// <param name="text">The whole text.</param>
    /// <param name="segments">The segments, which are sent if the request asks for <c>verbose_json</c>.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="text"/> or <paramref name="segments"/> is <see langword="null"/>.</exception>
    public ScriptedAnswer ReplyWithTranscription(string text, params IEnumerable<ScriptedTranscriptionSegment> segments) =>
        Enqueue(ScriptedAnswer.Transcription(text, segments));

    /// <summary>Adds an answer with embeddings to the script for embedding requests.</summary>
    /// <param name="vectors">One vector for each input of the request, in order; another number of vectors is answered with status 500. The vectors are sent
    /// unchanged even if the request asks for other dimensions.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="vectors"/> or one of them is <see langword="null"/>.</exception>
    public ScriptedAnswer ReplyWithEmbeddings(params IEnumerable<float[]> vectors) => Enqueue(ScriptedAnswer.Embeddings(vectors));

    /// <summary>Adds an answer with the elements of a document to the script.</summary>
    /// <param name="elements">The elements, or an empty sequence for a blank document. The answer to a blank document is <c>[]</c>, which the client refuses
    /// because it contains nothing encrypted.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="elements"/> is <see langword="null"/>.</exception>
    public ScriptedAnswer ReplyWithDocument(params IEnumerable<ScriptedDocumentElement> elements) => Enqueue(ScriptedAnswer.Document(elements));

    /// <summary>Adds an encrypted error of the model server to the script, for example 400 for a prompt that is too long.</summary>
    /// <param name="statusCode">The HTTP status, from 400 to 599.</param>
    /// <param name="message">The error message.</param>
    /// <param name="code">The error code, or <see langword="null"/> for none.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="message"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="statusCode"/> is not between 400 and 599.</exception>
    public ScriptedAnswer ReplyWithError(int statusCode, string message, string? code = null) => Enqueue(ScriptedAnswer.Error(statusCode, message, code));

    /// <summary>Sets the function that answers requests, except requests for embeddings, when the script is empty.</summary>
    /// <param name="answer">A function that creates the answer from the request, whose <see cref="RecordedRequest.DecryptedBody"/> is set. The function may be
    /// called by several threads at the same time. If it throws, the answer is an error with status 500 and the text of the exception.</param>
    /// <exception cref="ArgumentNullException"><paramref name="answer"/> is <see langword="null"/>.</exception>
    /// <seealso cref="SetEmbedding"/>
    public void SetFallback(Func<RecordedRequest, ScriptedAnswer> answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        _fallback = answer;
    }

    /// <summary>Sets the embedding of a text for all requests that are not answered by <see cref="ReplyWithEmbeddings"/>.</summary>
    /// <remarks>The vector of any other text is computed from a hash of the text and has a Euclidean norm of 1, so equal texts have equal vectors. It has as
    /// many dimensions as the request asks for, or else as many as the vectors that were set, or 256 if no vector was set.</remarks>
    /// <param name="input">The text as it is in the request, including the instruction of a query.</param>
    /// <param name="vector">The vector. It is sent unchanged even if the request asks for other dimensions.</param>
    /// <exception cref="ArgumentNullException"><paramref name="input"/> or <paramref name="vector"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">The vector of another text has a different number of dimensions.</exception>
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

    internal ScriptedAnswer Enqueue(ScriptedAnswer answer)
    {
        answer.Script = this;
        (answer.Vectors is null ? _script : _embeddings).Enqueue(answer);
        return answer;
    }

    /// <summary>The scripted answer to a request for embeddings; null at the end of the script.</summary>
    internal ScriptedAnswer? NextEmbeddings() => _embeddings.TryDequeue(out ScriptedAnswer? answer) ? answer : null;

    /// <summary>The number of dimensions of the vectors that were set; null if no vector was set.</summary>
    internal int? EmbeddingDimensions => _vectors.Values.FirstOrDefault()?.Length;

    /// <summary>The vector that was set for a text; null if none was set.</summary>
    internal float[]? FindEmbedding(string input) => _vectors.GetValueOrDefault(input);

    internal ScriptedAnswer Next(RecordedRequest request, Func<ScriptedAnswer> echo) =>
        _script.TryDequeue(out ScriptedAnswer? answer) ? answer : Fallback(request) ?? echo();

    /// <summary>Returns the answer of the fallback function. An exception of that function is written into the answer: if it were rethrown, only the connection
    /// would break.</summary>
    private ScriptedAnswer? Fallback(RecordedRequest request)
    {
        try
        {
            return _fallback?.Invoke(request);
        }
        catch (Exception exception)
        {
            return ScriptedAnswer.Error(500, $"The function given to {nameof(SetFallback)} threw {exception}");
        }
    }
}
