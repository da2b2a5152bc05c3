using Microsoft.Extensions.Logging;

namespace Privatemode.AI.Diagnostics;

/// <summary>Passes on the log of an underlying library, with its Information events, which it logs for each call, at Debug.</summary>
/// <param name="loggers">The factory of the application, which is not disposed with this one.</param>
internal sealed class LoweredLoggers(ILoggerFactory loggers) : ILoggerFactory
{
    public ILogger CreateLogger(string categoryName) => new LoweredLogger(loggers.CreateLogger(categoryName));

    public void AddProvider(ILoggerProvider provider) => loggers.AddProvider(provider);

    public void Dispose()
    {
    }

    private sealed class LoweredLogger(ILogger logger) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => logger.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => logger.IsEnabled(Lowered(logLevel));

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            LogLevel lowered = Lowered(logLevel);
            if (logger.IsEnabled(lowered))
            {
                logger.Log(lowered, eventId, state, exception, formatter);
            }
        }

        private static LogLevel Lowered(LogLevel level) => level == LogLevel.Information ? LogLevel.Debug : level;
    }
}
