namespace Privatemode.AI.Testing.Enclave;

/// <summary>The answer of the model server to one request, before it is encrypted.</summary>
/// <param name="Whole">Creates the whole answer.</param>
/// <param name="Events">Creates the events of a streamed answer; null if the endpoint does not stream.</param>
/// <param name="Failure">The scripted error that replaces the answer, or null.</param>
internal sealed record ModelAnswer(
    Func<string> Whole, Func<IReadOnlyList<string>>? Events = null, (int Status, string Message, string? Code)? Failure = null)
{
    /// <summary>The names of the tools that the answer calls.</summary>
    public IReadOnlyList<string> CalledTools { get; private init; } = [];

    public static ModelAnswer Make(EnclaveEndpoint endpoint, RecordedRequest record, ModelRequest request, ScriptedModel model, DateTimeOffset now)
    {
        if (endpoint == EnclaveEndpoint.Embeddings)
        {
            EmbeddingWriter embeddings = new(request, model, now);
            return new ModelAnswer(embeddings.Whole);
        }

        ScriptedAnswer answer = model.Next(record, () => Echo(endpoint, record, request));
        if (endpoint == EnclaveEndpoint.Transcriptions)
        {
            TranscriptionWriter transcription = new(request, answer, now);
            return new ModelAnswer(transcription.Whole, transcription.Events, answer.Failure);
        }

        if (endpoint == EnclaveEndpoint.Partition)
        {
            return new ModelAnswer(() => PartitionWriter.Write(answer, record.FileName), null, answer.Failure);
        }

        if (endpoint == EnclaveEndpoint.Messages)
        {
            MessageWriter message = new(request, answer);
            return new ModelAnswer(message.Whole, message.Events, answer.Failure) { CalledTools = NamesOf(answer) };
        }

        CompletionWriter completion = new(request, answer, endpoint == EnclaveEndpoint.Chat, now);
        return new ModelAnswer(completion.Whole, completion.Events, answer.Failure) { CalledTools = NamesOf(answer) };
    }

    private static string[] NamesOf(ScriptedAnswer answer) => [.. answer.ToolCalls.Select(call => call.Name)];

    private static ScriptedAnswer Echo(EnclaveEndpoint endpoint, RecordedRequest record, ModelRequest request)
    {
        if (!endpoint.TakesForms)
        {
            return ScriptedAnswer.Text($"You said: {request.LastUserText}");
        }

        int bytes = record.DecryptedFields.Values.Select(value => value.Length).DefaultIfEmpty(0).Max();
        return endpoint == EnclaveEndpoint.Transcriptions
            ? ScriptedAnswer.Transcription($"You sent {bytes} bytes")
            : ScriptedAnswer.Document(new ScriptedDocumentElement("NarrativeText", $"You sent {bytes} bytes"));
    }
}
