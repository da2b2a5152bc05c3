using Microsoft.Extensions.AI;
using Privatemode.AI;

#pragma warning disable MEAI001 // Speech to text is experimental in Microsoft.Extensions.AI.

namespace UserPrograms;

/// <summary>Transcribes a recording with the times of segments and words, and writes subtitles.</summary>
public static class MeetingMinutes
{
    public static async Task<string> RunAsync(PrivatemodeClient privatemode, Stream recording, TextWriter output)
    {
        using ISpeechToTextClient speech = privatemode.AsISpeechToTextClient("whisper-large-v3");
        SpeechTranscriptionOptions options = new()
        {
            SpeechLanguage = "de",
            Prompt = "Bochum, Privatemode",
            Timestamps = TranscriptionTimestamps.Segments,
        };
        SpeechToTextResponse response = await speech.GetTextAsync(recording, options);
        foreach (TranscriptionSegment segment in response.GetTranscriptionSegments())
        {
            await output.WriteLineAsync($"{segment.StartTime:mm\\:ss}-{segment.EndTime:mm\\:ss} {segment.Text}");
        }

        // The service returns the times of either segments or words.
        recording.Position = 0;
        options.Timestamps = TranscriptionTimestamps.Words;
        foreach (TranscriptionWord word in (await speech.GetTextAsync(recording, options)).GetTranscriptionWords())
        {
            await output.WriteLineAsync($"{word.Text} at {word.StartTime.TotalSeconds:F1} s");
        }

        Transcription? transcription = response.GetTranscription();
        return transcription is { Language: "de", Duration: not null } ? response.ToWebVtt() : response.ToSubRip();
    }
}
