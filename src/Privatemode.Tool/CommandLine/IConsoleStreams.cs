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
