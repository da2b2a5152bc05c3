using System.Collections.Concurrent;

namespace Privatemode.AI.Testing;

/// <summary>The model behind a test deployment: gives the answers it was told to give, in order.</summary>
/// <remarks>Thread-safe. Without a script it repeats the last user message behind <c>You said: </c>.</remarks>
public sealed class ScriptedModel
{
    private readonly ConcurrentQueue<ScriptedAnswer> _script = [];
    private Func<RecordedRequest, ScriptedAnswer>? _fallback;

    internal ScriptedModel()
    {
    }

    /// <summary>How many scripted answers are still to be given.</summary>
    public int Pending => _script.Count;

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

    /// <summary>The next answer is the elements of a document.</summary>
    /// <param name="elements">At least one, because an answer without any holds nothing that could be sealed.</param>
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
        _script.Enqueue(answer);
        return answer;
    }

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
