using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Privatemode.AI.Tests.Fakes;

/// <summary>Keeps what an application logs, as any provider of it would get it.</summary>
internal sealed class LogLines : ILoggerProvider
{
    public ConcurrentQueue<(string Category, LogLevel Level, string Text)> All { get; } = [];

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose()
    {
    }

    private sealed class Logger(LogLines owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
        {
            owner.All.Enqueue((category, LogLevel.None, $"{state}"));
            return null;
        }

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            owner.All.Enqueue((category, logLevel, $"{formatter(state, exception)} {exception}"));
    }
}
