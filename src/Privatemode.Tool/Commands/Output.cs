using System.Globalization;
using System.Text;
using System.Text.Json;
using Privatemode.Tool.CommandLine;
using Spectre.Console;

namespace Privatemode.Tool.Commands;

/// <summary>Writes the output of a command: results to stdout, everything else to stderr.</summary>
internal sealed class Output
{
    private readonly ToolContext _context;

    public Output(ToolContext context, bool isJson = false, bool isVerbose = false)
    {
        _context = context;
        IsJson = isJson;
        IsVerbose = isVerbose;
    }

    public bool IsJson { get; }

    public bool IsVerbose { get; }

    /// <summary>Whether escape sequences may be written to stdout.</summary>
    public bool HasColor => _context.Console.IsOutputTerminal && AllowsEscapes;

    /// <summary>Whether escape sequences may be written to stderr.</summary>
    public bool HasErrorColor => _context.Console.IsErrorTerminal && AllowsEscapes;

    // https://no-color.org: any value that is not empty.
    private bool AllowsEscapes => _context.Variable("NO_COLOR") is null && _context.Variable("TERM") != "dumb";

    /// <summary>Writes one line of result.</summary>
    public void Line(string text = "") => _context.Console.Out.WriteLine(Safe(text, _context.Console.IsOutputTerminal));

    /// <summary>Writes a hint or a step of progress to stderr.</summary>
    public void Hint(string text) => _context.Console.Error.WriteLine(Escape(text));

    /// <summary>Writes the one line of JSON that a command answers with <c>--json</c>.</summary>
    public void Json(Action<Utf8JsonWriter> write) => JsonOutput.WriteLine(_context.Console.Out, write);

    /// <summary>A console for tables on stdout. Pass untrusted texts to it as <see cref="Text"/> or through <see cref="Markup.Escape"/>.</summary>
    public IAnsiConsole Tables => Create(_context.Console.Out, HasColor);

    /// <summary>A console for progress on stderr.</summary>
    public IAnsiConsole ErrorConsole => Create(_context.Console.Error, HasErrorColor);

    /// <summary>Writes rows as a table for a person, or as lines with tabs between the columns for a program.</summary>
    public void Table(IReadOnlyList<string> heads, IEnumerable<IReadOnlyList<string>> rows)
    {
        if (!_context.Console.IsOutputTerminal)
        {
            foreach (IReadOnlyList<string> row in rows)
            {
                _context.Console.Out.WriteLine(string.Join('\t', row.Select(Escape)));
            }

            return;
        }

        Table table = new() { Border = TableBorder.Simple };
        foreach (string head in heads)
        {
            _ = table.AddColumn(new TableColumn(new Text(head)));
        }

        foreach (IReadOnlyList<string> row in rows)
        {
            _ = table.AddRow(row.Select(cell => new Text(Escape(cell))));
        }

        Tables.Write(table);
    }

    /// <summary>Writes the error that ends a command, once for people and, with <c>--json</c>, once for programs.</summary>
    /// <returns>The exit code.</returns>
    public int Error(Exception exception)
    {
        (int exitCode, string type, string message) = ExitCodes.Of(exception, _context.Termination.IsRequested);
        if (exitCode != ExitCodes.Canceled || IsVerbose)
        {
            _context.Console.Error.WriteLine($"Error: {Escape(message)}");
        }

        if (IsVerbose)
        {
            _context.Console.Error.WriteLine(Safe(exception.ToString(), isTerminal: true));
        }

        if (IsJson)
        {
            Json(json =>
            {
                json.WriteStartObject();
                json.WriteString("schema", "privatemode.error/1");
                json.WriteNumber("exitCode", exitCode);
                json.WriteStartObject("error");
                json.WriteString("type", type);
                json.WriteString("message", message);
                json.WriteEndObject();
                json.WriteEndObject();
            });
        }

        return exitCode;
    }

    /// <summary>Returns an untrusted text as one line without control characters.</summary>
    public static string Escape(string text)
    {
        if (!text.Any(IsControl))
        {
            return text;
        }

        StringBuilder escaped = new(text.Length + 16);
        foreach (char character in text)
        {
            _ = character switch
            {
                '\n' => escaped.Append("\\n"),
                '\r' => escaped.Append("\\r"),
                '\t' => escaped.Append("\\t"),
                _ when IsControl(character) => escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}"),
                _ => escaped.Append(character),
            };
        }

        return escaped.ToString();
    }

    /// <summary>Escapes the characters in JSON that change the direction of text, and with it the order in which it is displayed.</summary>
    public static string EscapeDirections(string json) => json.Any(IsDirection)
        ? string.Concat(json.Select(character => IsDirection(character) ? FormattableString.Invariant($"\\u{(int)character:x4}") : $"{character}"))
        : json;

    /// <summary>Returns the text of a model without escape sequences for a terminal, and unchanged for a pipe.</summary>
    public static string Safe(string text, bool isTerminal) => isTerminal && text.Any(IsUnsafe)
        ? string.Create(text.Length, text, static (span, source) =>
        {
            for (int i = 0; i < span.Length; i++)
            {
                span[i] = !IsUnsafe(source[i]) ? source[i] : source[i] == '\r' ? ' ' : '␛';
            }
        })
        : text;

    // Line breaks and tabs are part of texts. A carriage return would let a text overwrite what stands before it.
    // Directions (U+202A to U+202E, U+2066 to U+2069) reorder what a person reads.
    private static bool IsUnsafe(char character) => IsControl(character) && character is not ('\n' or '\t');

    private static bool IsControl(char character) =>
        char.IsControl(character) || IsDirection(character) || character is '\u2028' or '\u2029';

    private static bool IsDirection(char character) => character is (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069');

    private static IAnsiConsole Create(TextWriter writer, bool hasColor) => AnsiConsole.Create(new AnsiConsoleSettings
    {
        Out = new StreamOutput(writer, hasColor),
        Ansi = !hasColor ? AnsiSupport.No : OperatingSystem.IsWindows() ? AnsiSupport.Detect : AnsiSupport.Yes,
        ColorSystem = hasColor ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
        Interactive = hasColor ? InteractionSupport.Yes : InteractionSupport.No,
    });

    private sealed class StreamOutput(TextWriter writer, bool isTerminal) : IAnsiConsoleOutput
    {
        public TextWriter Writer => writer;

        public bool IsTerminal => isTerminal;

        public int Width => isTerminal && !Console.IsOutputRedirected && Console.WindowWidth > 0 ? Console.WindowWidth : 160;

        public int Height => 50;

        public void SetEncoding(Encoding encoding)
        {
        }
    }
}

/// <summary>Writes JSON as one line, readable for people too.</summary>
internal static class JsonOutput
{
    private static readonly JsonWriterOptions Options = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void WriteLine(TextWriter writer, Action<Utf8JsonWriter> write)
    {
        writer.WriteLine(ToText(write));
        writer.Flush();
    }

    public static string ToText(Action<Utf8JsonWriter> write)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer, Options))
        {
            write(json);
        }

        // The writer escapes control characters, but not those that reorder what a person reads. All of them are inside of strings.
        return Output.EscapeDirections(Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length));
    }

    /// <summary>Writes a number or null.</summary>
    public static void WriteCount(this Utf8JsonWriter json, string name, long? value)
    {
        if (value is { } count)
        {
            json.WriteNumber(name, count);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    /// <summary>Writes a duration in seconds, or null.</summary>
    public static void WriteSeconds(this Utf8JsonWriter json, string name, TimeSpan? value)
    {
        if (value is { } duration)
        {
            json.WriteNumber(name, Math.Round(duration.TotalSeconds, 3));
        }
        else
        {
            json.WriteNull(name);
        }
    }

    /// <summary>Writes a member with a list of texts.</summary>
    public static void WriteTexts(this Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (string value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }

    /// <summary>Writes a member whose value is JSON text, or null.</summary>
    public static void WriteRaw(this Utf8JsonWriter json, string name, string? value)
    {
        if (value is null)
        {
            json.WriteNull(name);
            return;
        }

        json.WritePropertyName(name);
        json.WriteRawValue(value);
    }
}
