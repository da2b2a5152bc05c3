using System.CommandLine;
using Microsoft.Extensions.AI;
using Privatemode.AI;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Commands;
using Privatemode.Tool.Services;
using Spectre.Console;

namespace Privatemode.Tool.Transcribe;

/// <summary><c>privatemode transcribe</c>: a recording as text or subtitles.</summary>
internal sealed class TranscribeCommand
{
    private const long MaxFileSize = 50L << 20;

    private static readonly string[] Formats = ["text", "srt", "vtt", "json"];

    private readonly ToolContext _context;
    private readonly CommonOptions _common = new();
    private readonly Argument<string> _file = new("FILE") { Description = "The recording, or - for stdin", Arity = ArgumentArity.ExactlyOne };
    private readonly TextFlag _model = new("--model", "ID", "The model [default: the first one that transcribes]");
    private readonly TextFlag _language = new("--language", "XX", "The spoken language as two letters, for example en");
    private readonly TextFlag _format = new("--format", "FORMAT", "text, srt, vtt or json [default: text]. srt and vtt need --language");
    private readonly TextFlag _out = new("--out", "FILE", "Write the result to a file");
    private readonly BoolFlag _force = new("--force", "Replace the file of --out");

    private TranscribeCommand(ToolContext context) => _context = context;

    public static Command Create(ToolContext context)
    {
        TranscribeCommand transcribe = new(context);
        Command command = new("transcribe", "Turn a recording into text or subtitles")
        {
            transcribe._file, transcribe._model, transcribe._language, transcribe._format, transcribe._out, transcribe._force,
        };
        command.SetRun(transcribe._common, context, transcribe.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, Output output, CancellationToken stop)
    {
        string format = _common.Json.Read(result) ? "json" : _format.Read(result) ?? "text";
        if (!Formats.Contains(format))
        {
            throw ToolException.Usage($"--format: \"{format}\" is not one of {string.Join(", ", Formats)}");
        }

        string? language = _language.Read(result);
        if (language is not null && !(language.Length == 2 && language.All(char.IsAsciiLetterLower)))
        {
            throw ToolException.Usage($"--language: \"{language}\" is not a language of two lower-case letters, for example en");
        }

        if (language is null && format is ("srt" or "vtt"))
        {
            throw ToolException.Usage($"--format {format} needs --language: the service returns times only if it knows the language");
        }

        OutputFile? file = _out.Read(result) is { } path ? new OutputFile(path, _force.Read(result), _context) : null;
        await using Stream recording = await OpenAsync(result.GetValue(_file)!, stop);
        await using ClientConnection connection = await ClientFactory.OpenAsync(_common.Read(result, _context), _context);
        ModelInfo model = await ModelChoice.FindAsync(connection.Client, _model.Read(result), model => model.SupportsTranscription, stop);
        _ = await ProgressDisplay.VerifyAsync(_context, output, connection.Client, stop);
        SpeechToTextResponse answer = await SendAsync(connection.Client, model.Id, recording, language, format, output, stop);
        Write(answer, format, file, output);
        return ExitCodes.Success;
    }

    private async Task<Stream> OpenAsync(string path, CancellationToken stop)
    {
        try
        {
            if (path != "-")
            {
                FileStream file = File.OpenRead(_context.FullPath(path));
                return file.Length <= MaxFileSize ? file : throw TooLarge(path);
            }

            return await _context.Console.ReadBytesAsync(MaxFileSize, stop) ?? throw TooLarge("-");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw ToolException.Setup($"\"{path}\" cannot be read: {FileErrors.Describe(exception)}.", exception);
        }
    }

    private static ToolException TooLarge(string path) =>
        ToolException.Setup($"\"{path}\" has more than {MaxFileSize >> 20} MiB. Split the recording, or compress it more.");

    private static async Task<SpeechToTextResponse> SendAsync(
        PrivatemodeClient client, string model, Stream recording, string? language, string format, Output output, CancellationToken stop)
    {
        SpeechTranscriptionOptions options = new()
        {
            SpeechLanguage = language,
            Timestamps = format == "text" || language is null ? TranscriptionTimestamps.None : TranscriptionTimestamps.Segments,
        };
        using ISpeechToTextClient speech = client.AsISpeechToTextClient(model);
        if (!output.HasErrorColor)
        {
            return await speech.GetTextAsync(recording, options, stop);
        }

        // The recording is read, encrypted and sent; then the model works, for a time that is not known.
        return await output.ErrorConsole.Progress().AutoClear(true).StartAsync(async progress =>
        {
            ProgressTask sending = progress.AddTask("Sending", maxValue: Math.Max(1, recording.Length));
            await using CountingStream counted = new(recording, read =>
            {
                sending.Value = read;
                if (read >= recording.Length)
                {
                    _ = sending.IsIndeterminate(true);
                    sending.Description = "Transcribing";
                }
            });
            return await speech.GetTextAsync(counted, options, stop);
        });
    }

    private static void Write(SpeechToTextResponse answer, string format, OutputFile? file, Output output)
    {
        if (format is "srt" or "vtt" && answer.GetTranscriptionSegments().Count == 0)
        {
            throw ToolException.Failed("The model returned no times. Use --format text.");
        }

        string text = format switch
        {
            "srt" => answer.ToSubRip(),
            "vtt" => answer.ToWebVtt(),
            "json" => JsonOutput.ToText(json => WriteJson(json, answer)),
            _ => answer.Text,
        };
        if (file is null)
        {
            output.Line(text.TrimEnd('\r', '\n'));
            return;
        }

        file.Write(text.EndsWith('\n') ? text : $"{text}\n");
        output.Hint($"wrote {file.Path}");
    }

    private static void WriteJson(System.Text.Json.Utf8JsonWriter json, SpeechToTextResponse answer)
    {
        Transcription? transcription = answer.GetTranscription();
        json.WriteStartObject();
        json.WriteString("schema", "privatemode.transcription/1");
        json.WriteString("text", answer.Text);
        json.WriteString("language", transcription?.Language);
        json.WriteSeconds("durationSeconds", transcription?.Duration);
        json.WriteStartArray("segments");
        foreach (TranscriptionSegment segment in answer.GetTranscriptionSegments())
        {
            json.WriteStartObject();
            json.WriteSeconds("start", segment.StartTime);
            json.WriteSeconds("end", segment.EndTime);
            json.WriteString("text", segment.Text);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteRaw("receipt", answer.GetPrivatemodeReceipt()?.ToJson());
        json.WriteEndObject();
    }

    /// <summary>Reports the number of bytes that were read from a stream.</summary>
    private sealed class CountingStream(Stream inner, Action<long> read) : Stream
    {
        private long _count;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => inner.Length;

        public override long Position
        {
            get => _count;
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            Count(await inner.ReadAsync(buffer, cancellationToken));

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override int Read(byte[] buffer, int offset, int count) => Count(inner.Read(buffer, offset, count));

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        private int Count(int count)
        {
            _count += count;
            read(_count);
            return count;
        }
    }
}
