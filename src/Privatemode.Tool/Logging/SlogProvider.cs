using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Privatemode.Tool.Logging;

/// <summary>Writes log lines in the format of Go's slog, the logger of <c>privatemode-proxy</c>, so that tools for its log can read this one.</summary>
/// <param name="writer">The writer that receives the lines.</param>
/// <param name="time">The clock.</param>
/// <param name="isJson">Whether a line is a JSON object, or <c>key=value</c> text.</param>
/// <param name="minimum">The lowest level that is written.</param>
internal sealed class SlogProvider(TextWriter writer, TimeProvider time, bool isJson, LogLevel minimum = LogLevel.Debug) : ILoggerProvider
{
    private readonly Lock _gate = new();

    public ILogger CreateLogger(string categoryName) => new SlogLogger(this, categoryName);

    public void Dispose()
    {
    }

    private void Write(LogLevel level, string category, string message, IEnumerable<KeyValuePair<string, object?>> values)
    {
        List<(string Key, string Value)> members = [("level", NameOf(level)), ("msg", message), ("component", category)];
        members.AddRange(values.Where(value => value.Key != "{OriginalFormat}").Select(value => (value.Key, TextOf(value.Value)))
            .Where(value => value.Item2 != message));
        string at = time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        string line = isJson ? JsonLine([("time", at), .. members]) : TextLine([("time", at), .. members]);
        lock (_gate)
        {
            writer.WriteLine(line);
            writer.Flush();
        }
    }

    private static string TextOf(object? value) => value switch
    {
        null => "<nil>",
        string text => text,
        IEnumerable<string> texts => $"[{string.Join(' ', texts)}]",
        DateTimeOffset at => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };

    private static string TextLine(IEnumerable<(string Key, string Value)> members) =>
        string.Join(' ', members.Select(member => $"{Quoted(member.Key)}={Quoted(member.Value)}"));

    /// <summary>Quotes a text as slog does if it contains white space, quotation marks, equal signs or characters that cannot be printed.</summary>
    private static string Quoted(string text)
    {
        bool isPlain = text.Length > 0 && text.All(character => character is > ' ' and < '\u007f' and not ('"' or '=' or '\\'));
        if (isPlain)
        {
            return text;
        }

        StringBuilder quoted = new("\"");
        foreach (char character in text)
        {
            _ = character switch
            {
                '"' or '\\' => quoted.Append('\\').Append(character),
                '\n' => quoted.Append("\\n"),
                '\r' => quoted.Append("\\r"),
                '\t' => quoted.Append("\\t"),
                _ when char.IsControl(character) || char.GetUnicodeCategory(character) is UnicodeCategory.Format or UnicodeCategory.LineSeparator
                    or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate =>
                    quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}"),
                _ => quoted.Append(character),
            };
        }

        return quoted.Append('"').ToString();
    }

    private static string JsonLine(IEnumerable<(string Key, string Value)> members)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer))
        {
            json.WriteStartObject();
            HashSet<string> names = new(StringComparer.Ordinal);
            foreach ((string key, string value) in members)
            {
                if (names.Add(key))
                {
                    json.WriteString(key, value);
                }
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    private static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => "DEBUG",
        LogLevel.Information => "INFO",
        LogLevel.Warning => "WARN",
        _ => "ERROR",
    };

    private sealed class SlogLogger(SlogProvider provider, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= provider.Minimum && logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
            {
                return;
            }

            // An exception of a framework can quote content: its type is enough to look further.
            IEnumerable<KeyValuePair<string, object?>> values = state as IEnumerable<KeyValuePair<string, object?>> ?? [];
            string? error = exception is null ? null : exception is AI.PrivatemodeException ? exception.Message : exception.GetType().Name;
            provider.Write(logLevel, category, formatter(state, null), error is null ? values : values.Append(new("error", error)));
        }
    }

    private LogLevel Minimum => minimum;
}
