using System.Collections.Frozen;
using System.Text;
using Privatemode.AI.Testing;

namespace Privatemode.AI.Soak;

/// <summary>The model: answers each request with what its marker says, and notices a request that is made of two.</summary>
internal sealed class ModelScript(Tally tally, SoakOptions options)
{
    private int _answers;
    private string _previous = Marker.Create(0, 0, 3, false);

    public ScriptedAnswer Answer(RecordedRequest request)
    {
        string body = request.DecryptedFields.Count > 0
            ? string.Join('\n', request.DecryptedFields.Values.Select(value => Encoding.Latin1.GetString(value.Span)))
            : request.DecryptedBody ?? "";
        FrozenSet<string> markers = Marker.Pattern.Matches(body).Select(match => match.Value).ToFrozenSet(StringComparer.Ordinal);
        if (markers.Count != 1)
        {
            tally.Violate($"a request to {request.PathAndQuery} has {markers.Count} markers: {string.Join(", ", markers)}");
            return ScriptedAnswer.Error(500, "not one marker");
        }

        string own = markers.Single();
        string marker = IsBroken(Breakage.Foreign) ? _previous : own;
        _previous = own;
        string text = Marker.TextOf(marker);
        text = IsBroken(Breakage.Short) ? text[..text.LastIndexOf(' ')] : text;
        return request.PathAndQuery switch
        {
            "/v1/audio/transcriptions" => ScriptedAnswer.Transcription(text),
            "/unstructured/general/v0/general" => ScriptedAnswer.Document(new ScriptedDocumentElement("NarrativeText", text)),
            _ when body.Contains(Marker.FunctionOf(own), StringComparison.Ordinal) =>
                ScriptedAnswer.ToolCall(Marker.FunctionOf(marker), Marker.ArgumentsOf(marker)).WithReasoning(Marker.ReasoningOf(marker)),
            _ => ScriptedAnswer.Text(text).WithReasoning(Marker.ReasoningOf(marker)),
        };
    }

    /// <summary>Before an event: mostly nothing, so that events come in bursts, and at times a pause in which other calls run.</summary>
    public static async ValueTask PauseAsync(int index, CancellationToken cancellationToken)
    {
        if (Random.Shared.Next(12) == 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(1, 15)), TimeProvider.System, cancellationToken);
        }
    }

    private bool IsBroken(Breakage breakage) => options.Breakage == breakage && Interlocked.Increment(ref _answers) % 50 == 0;
}
