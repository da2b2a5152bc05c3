using System.Buffers.Binary;
using Examples;
using Microsoft.Extensions.AI;
using Privatemode.AI;
using Privatemode.AI.Testing;

// Sends a recording encrypted and without its file name, and writes the segments of the transcription as subtitles.
await using Example example = await Example.StartAsync(model => model.ReplyWithTranscription(
    "Good morning. Shall we begin?",
    new ScriptedTranscriptionSegment("Good morning.", TimeSpan.Zero, TimeSpan.FromSeconds(0.8)),
    new ScriptedTranscriptionSegment("Shall we begin?", TimeSpan.FromSeconds(1.1), TimeSpan.FromSeconds(2))));
ISpeechToTextClient speech = example.Client.AsISpeechToTextClient("whisper-large-v3");

using MemoryStream recording = new(Tone(seconds: 2));
SpeechTranscriptionOptions options = new() { SpeechLanguage = "en", Timestamps = TranscriptionTimestamps.Segments };
SpeechToTextResponse said = await speech.GetTextAsync(recording, options);
Console.WriteLine(said.Text);
Console.WriteLine(said.ToWebVtt());

// A generated WAV file: a header of 44 bytes, then 16,000 samples of 16 bits for each second.
static byte[] Tone(int seconds)
{
    const int Rate = 16_000;
    byte[] file = new byte[44 + seconds * Rate * 2];
    "RIFF"u8.CopyTo(file);
    BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(4), file.Length - 8);
    "WAVEfmt "u8.CopyTo(file.AsSpan(8));
    BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(16), 16);
    BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(20), 1);
    BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(22), 1);
    BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(24), Rate);
    BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(28), Rate * 2);
    BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(32), 2);
    BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(34), 16);
    "data"u8.CopyTo(file.AsSpan(36));
    BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(40), file.Length - 44);
    for (int i = 44; i < file.Length; i += 2)
    {
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(i), (short)(8000 * Math.Sin(i * Math.PI * 440 / Rate)));
    }

    return file;
}
