using System.Text;

namespace Privatemode.Tool.CommandLine;

/// <summary>The three streams of a command, so that tests can run commands in their own process.</summary>
internal interface IConsoleStreams
{
    /// <summary>Standard input as text.</summary>
    TextReader In { get; }

    /// <summary>Standard output: results, and nothing else.</summary>
    TextWriter Out { get; }

    /// <summary>Standard error: progress, hints and errors.</summary>
    TextWriter Error { get; }

    /// <summary>Whether a person can type into the input.</summary>
    bool IsInputTerminal { get; }

    /// <summary>Whether a person reads the output.</summary>
    bool IsOutputTerminal { get; }

    /// <summary>Whether a person reads the errors.</summary>
    bool IsErrorTerminal { get; }

    /// <summary>Opens standard input for bytes.</summary>
    Stream OpenInput();

    /// <summary>Opens standard output for bytes.</summary>
    Stream OpenOutput();
}

/// <summary>Reads input so that a signal ends the wait. The read of a console or pipe itself cannot be canceled, and is abandoned.</summary>
internal static class ConsoleInput
{
    /// <summary>Reads a line that a person types.</summary>
    /// <returns>The line; null at the end of the input.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was canceled.</exception>
    public static Task<string?> ReadLineAsync(this IConsoleStreams console, CancellationToken stop) =>
        Task.Run(console.In.ReadLine, CancellationToken.None).WaitAsync(stop);

    /// <summary>Reads all bytes of standard input.</summary>
    /// <param name="console">The streams.</param>
    /// <param name="largest">The maximum size of the input in bytes.</param>
    /// <param name="stop">A token that cancels the wait.</param>
    /// <returns>A stream at the beginning of the input, or null if the input is larger.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was canceled.</exception>
    public static Task<MemoryStream?> ReadBytesAsync(this IConsoleStreams console, long largest, CancellationToken stop) =>
        Task.Run(
            () =>
            {
                using Stream input = console.OpenInput();
                MemoryStream bytes = new();
                byte[] buffer = new byte[64 * 1024];
                while (input.Read(buffer) is > 0 and int count)
                {
                    bytes.Write(buffer, 0, count);
                    if (bytes.Length > largest)
                    {
                        return null;
                    }
                }

                bytes.Position = 0;
                return bytes;
            },
            CancellationToken.None).WaitAsync(stop);
}

/// <summary>The streams of this process.</summary>
internal sealed class ProcessConsole : IConsoleStreams
{
    // Without a byte order mark, and without replacing what the console's code page lacks.
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    public TextReader In { get; } = Console.IsInputRedirected ? new StreamReader(Console.OpenStandardInput(), Utf8) : Console.In;

    public TextWriter Out { get; } = Writer(Console.IsOutputRedirected, Console.OpenStandardOutput, Console.Out);

    public TextWriter Error { get; } = Writer(Console.IsErrorRedirected, Console.OpenStandardError, Console.Error);

    public bool IsInputTerminal => !Console.IsInputRedirected;

    public bool IsOutputTerminal => !Console.IsOutputRedirected;

    public bool IsErrorTerminal => !Console.IsErrorRedirected;

    public Stream OpenInput() => Console.OpenStandardInput();

    public Stream OpenOutput() => Console.OpenStandardOutput();

    private static TextWriter Writer(bool isRedirected, Func<Stream> open, TextWriter console) => isRedirected
        ? TextWriter.Synchronized(new StreamWriter(open(), Utf8) { AutoFlush = true })
        : console;
}
