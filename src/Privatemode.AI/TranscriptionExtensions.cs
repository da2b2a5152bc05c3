using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.AI;

namespace Privatemode.AI;

/// <summary>Reads from an answer what <see cref="SpeechToTextResponse"/> has no member for.</summary>
/// <remarks>It is in the answer's raw representation, which does not survive JSON.</remarks>
[Experimental("MEAI001")]
public static class TranscriptionExtensions
{
    /// <summary>The transcription behind an answer.</summary>
    /// <param name="response">A whole answer.</param>
    /// <returns>The transcription; null when the answer is not from Privatemode, was streamed or kept as JSON.</returns>
    public static Transcription? GetTranscription(this SpeechToTextResponse response)
    {
        ArgumentNullException.ThrowIfNull(response);
        return response.RawRepresentation as Transcription;
    }

    /// <summary>The segments of an answer.</summary>
    /// <param name="response">A whole answer, made with <see cref="TranscriptionTimestamps.Segments"/>.</param>
    /// <returns>The segments in order; empty when there are none.</returns>
    public static IReadOnlyList<TranscriptionSegment> GetTranscriptionSegments(this SpeechToTextResponse response) =>
        response.GetTranscription()?.Segments ?? [];

    /// <summary>The words of an answer.</summary>
    /// <param name="response">A whole answer, made with <see cref="TranscriptionTimestamps.Words"/>.</param>
    /// <returns>The words in order; empty when there are none.</returns>
    public static IReadOnlyList<TranscriptionWord> GetTranscriptionWords(this SpeechToTextResponse response) =>
        response.GetTranscription()?.Words ?? [];

    /// <inheritdoc cref="Transcription.ToSubRip"/>
    /// <param name="response">A whole answer of this library's client, made with <see cref="TranscriptionTimestamps.Segments"/>.</param>
    /// <exception cref="PrivatemodeRequestException">The transcription was made without segments, or there is none: the response is not from
    /// Privatemode, was streamed or kept as JSON.</exception>
    public static string ToSubRip(this SpeechToTextResponse response) =>
        DemandTranscription(response).ToSubRip();

    /// <inheritdoc cref="Transcription.ToWebVtt"/>
    /// <param name="response">A whole answer of this library's client, made with <see cref="TranscriptionTimestamps.Segments"/>.</param>
    /// <exception cref="PrivatemodeRequestException">The transcription was made without segments, or there is none: the response is not from
    /// Privatemode, was streamed or kept as JSON.</exception>
    public static string ToWebVtt(this SpeechToTextResponse response) =>
        DemandTranscription(response).ToWebVtt();

    private static Transcription DemandTranscription(SpeechToTextResponse response) =>
        response.GetTranscription() ?? throw new PrivatemodeRequestException(
            $"{nameof(SpeechToTextResponse)}.{nameof(SpeechToTextResponse.RawRepresentation)}",
            "The response holds no transcription of Privatemode's. Use the whole answer (GetTextAsync) of a client made with AsISpeechToTextClient, as it " +
            "came: not one of another client, put together from a stream, or read from JSON.");
}
