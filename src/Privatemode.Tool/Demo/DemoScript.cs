using System.Text.Json;
using Privatemode.AI.Testing;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Services;

namespace Privatemode.Tool.Demo;

/// <summary>The answers of <c>--demo-script</c>: one JSON object on each line, for one request with messages or a prompt.</summary>
internal sealed class DemoScript
{
    private const int MaxFileSize = 16 << 20;

    private static readonly string[] Members = ["text", "reasoning", "tool", "error", "fault", "delayMs"];

    private readonly Queue<Line> _lines;
    private readonly Lock _gate = new();

    private DemoScript(IEnumerable<Line> lines) => _lines = new Queue<Line>(lines);

    public static DemoScript Empty { get; } = new([]);

    /// <summary>Reads a file.</summary>
    /// <exception cref="ToolException">The file cannot be read, or a line is not a valid script line.</exception>
    public static DemoScript Load(string path)
    {
        try
        {
            FileInfo file = new(path);
            return file.Length > MaxFileSize
                ? throw ToolException.Setup($"--demo-script: \"{path}\" has more than {MaxFileSize} bytes.")
                : Parse(File.ReadAllText(path));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw ToolException.Setup($"--demo-script: \"{path}\" cannot be read: {FileErrors.Describe(exception)}.", exception);
        }
    }

    /// <exception cref="ToolException">A line is not a valid script line.</exception>
    public static DemoScript Parse(string text)
    {
        List<Line> lines = [];
        foreach ((int index, string line) in text.Split('\n').Index())
        {
            if (line.AsSpan().Trim().Length > 0)
            {
                lines.Add(ParseLine(line, index + 1));
            }
        }

        return new DemoScript(lines);
    }

    /// <summary>Takes the answer to the request that has just been received, and prepares the fault of the next one.</summary>
    /// <returns>The answer; null at the end of the script.</returns>
    public ScriptedAnswer? Next(FaultInjector faults)
    {
        lock (_gate)
        {
            ScriptedAnswer? answer = _lines.TryDequeue(out Line? line) ? line.ToAnswer() : null;
            Arm(faults);
            return answer;
        }
    }

    /// <summary>Prepares the fault of the first request, because a fault must be injected before its request arrives.</summary>
    public void ArmFaults(FaultInjector faults)
    {
        lock (_gate)
        {
            Arm(faults);
        }
    }

    private void Arm(FaultInjector faults)
    {
        // A line with status 429 takes a request, but has no answer: the next line is for the request after that.
        while (_lines.TryPeek(out Line? line) && line.Fault is { } fault)
        {
            faults.Inject(fault);
            if (!line.IsRefused)
            {
                return;
            }

            _ = _lines.Dequeue();
        }
    }

    private static Line ParseLine(string text, int number)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            JsonElement line = document.RootElement;
            string? unknown = line.EnumerateObject().Select(member => member.Name).FirstOrDefault(name => !Members.Contains(name));
            return unknown is null ? Line.Read(line) : throw Wrong(number, $"has an unknown member \"{unknown}\"");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw Wrong(number, "is not an object with \"text\", \"reasoning\", \"tool\", \"error\", \"fault\" and \"delayMs\"");
        }
        catch (ArgumentException exception)
        {
            throw Wrong(number, $"has a value that is not supported: {exception.Message}");
        }
    }

    private static ToolException Wrong(int number, string what) => ToolException.Setup($"--demo-script: line {number} {what}.");

    private sealed class Line
    {
        private readonly Func<ScriptedAnswer> _answer;

        private Line(Func<ScriptedAnswer> answer, Fault? fault, bool isRefused)
        {
            _answer = answer;
            Fault = fault;
            IsRefused = isRefused;
        }

        public Fault? Fault { get; }

        /// <summary>Whether the fault replaces the answer.</summary>
        public bool IsRefused { get; }

        public ScriptedAnswer ToAnswer() => _answer();

        public static Line Read(JsonElement line)
        {
            string? word = Text(line, "fault");
            Fault? fault = word switch
            {
                null when line.TryGetProperty("delayMs", out JsonElement delay) => Fault.Delay(TimeSpan.FromMilliseconds(delay.GetInt32())),
                null => null,
                "forgotten-secret" => Fault.UnknownSecret,
                "cut-stream" => Fault.TruncateEvent(2),
                "429" => Fault.UnencryptedError(429, "rate limit exceeded", TimeSpan.FromSeconds(1)),
                _ => throw new ArgumentException($"fault \"{word}\""),
            };
            return new Line(AnswerOf(line.Clone()), fault, word == "429");
        }

        private static Func<ScriptedAnswer> AnswerOf(JsonElement line)
        {
            if (line.TryGetProperty("error", out JsonElement error))
            {
                (int status, string message, string? code) = (error.GetProperty("status").GetInt32(), Text(error, "message") ?? "", Text(error, "code"));
                if (status is < 400 or > 599)
                {
                    throw new ArgumentException($"status {status}");
                }

                return () => ScriptedAnswer.Error(status, message, code);
            }

            (string? text, string? reasoning) = (Text(line, "text"), Text(line, "reasoning"));
            (string Name, string Arguments)? tool = line.TryGetProperty("tool", out JsonElement call)
                ? (Text(call, "name") ?? throw new FormatException(), ArgumentsOf(call.GetProperty("arguments")))
                : null;
            return () =>
            {
                ScriptedAnswer answer = new();
                _ = reasoning is null ? answer : answer.WithReasoning(reasoning);
                _ = text is null ? answer : answer.WithText(text);
                return tool is null ? answer : answer.WithToolCall(tool.Value.Name, tool.Value.Arguments);
            };
        }

        private static string ArgumentsOf(JsonElement arguments) =>
            arguments.ValueKind == JsonValueKind.String ? arguments.GetString()! : arguments.GetRawText();

        private static string? Text(JsonElement element, string name) => element.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;
    }
}
