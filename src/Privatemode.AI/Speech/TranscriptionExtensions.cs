using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.AI;

namespace Privatemode.AI;

/// <summary>Provides extension methods for the parts of a transcription for which <see cref="SpeechToTextResponse"/> has no members.</summary>
/// <remarks>These parts are in <see cref="SpeechToTextResponse.RawRepresentation"/>, which is not serialized to JSON.</remarks>
[Experimental("MEAI001")]
public static class TranscriptionExtensions
{
    /// <summary>Gets the transcription of a response.</summary>
    /// <param name="response">The response of <see cref="ISpeechToTextClient.GetTextAsync"/>.</param>
    /// <returns>The transcription, or <see langword="null"/> if the response is not from Privatemode, was streamed, or was read from JSON.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="response"/> is <see langword="null"/>.</exception>
    public static Transcription? GetTranscription(this SpeechToTextResponse response)
    {
        ArgumentNullException.ThrowIfNull(response);
        return response.RawRepresentation as Transcription;
    }

    /// <summary>Gets the segments of a response.</summary>
    /// <param name="response">The response to a call with <see cref="TranscriptionTimestamps.Segments"/>.</param>
    /// <returns>The segments in order, or an empty list if the response contains none.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="response"/> is <see langword="null"/>.</exception>
    public static IReadOnlyList<TranscriptionSegment> GetTranscriptionSegments(this SpeechToTextResponse response) =>
        response.GetTranscription()?.Segments ?? [];

    /// <summary>Gets the words of a response.</summary>
    /// <param name="response">The response to a call with <see cref="TranscriptionTimestamps.Words"/>.</param>
    /// <returns>The words in order, or an empty list if the response contains none.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="response"/> is <see langword="null"/>.</exception>
    public static IReadOnlyList<TranscriptionWord> GetTranscriptionWords(this SpeechToTextResponse response) =>
        response.GetTranscription()?.Words ?? [];

    /// <inheritdoc cref="Transcription.ToSubRip"/>
    /// <param name="response">The response to a call with <see cref="TranscriptionTimestamps.Segments"/>.</param>
    /// <exception cref="ArgumentNullException"><paramref name="response"/> is <see langword="null"/>.</exception>
    /// <exception cref="PrivatemodeRequestException">The transcription has no segments, or there is no transcription because the response is not
    /// from Privatemode, was streamed, or was read from JSON.</exception>
    public static string ToSubRip(this SpeechToTextResponse response) =>
        RequireTranscription(response).ToSubRip();

    /// <inheritdoc cref="Transcription.ToWebVtt"/>
    /// <param name="response">The response to a call with <see cref="TranscriptionTimestamps.Segments"/>.</param>
    /// <exception cref="ArgumentNullException"><paramref name="response"/> is <see langword="null"/>.</exception>
    /// <exception cref="PrivatemodeRequestException">The transcription has no segments, or there is no transcription because the response is not
    /// from Privatemode, was streamed, or was read from JSON.</exception>
    public static string ToWebVtt(this SpeechToTextResponse response) =>
        RequireTranscription(response).ToWebVtt();

    private static Transcription RequireTranscription(SpeechToTextResponse response) =>
        response.GetTranscription() ?? throw new PrivatemodeRequestException(
            $"{nameof(SpeechToTextResponse)}.{nameof(SpeechToTextResponse.RawRepresentation)}",
            "The response does not contain a transcription of Privatemode. Use the response that GetTextAsync of a client from AsISpeechToTextClient " +
            "returned. Responses of other clients, of streams, and from JSON do not contain one.");
}
