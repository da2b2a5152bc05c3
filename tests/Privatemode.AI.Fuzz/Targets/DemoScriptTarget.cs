using System.Text;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Demo;

namespace Privatemode.AI.Fuzz.Targets;

/// <summary>Files of <c>--demo-script</c>: each line is an answer, or the file is refused when the command starts.</summary>
internal static class DemoScriptTarget
{
    private static readonly string[] Lines =
    [
        """{"text":"first","reasoning":"because"}""",
        """{"tool":{"name":"get_weather","arguments":{"city":"Bochum"}},"delayMs":5}""",
        """{"tool":{"name":"f","arguments":"{}"},"fault":"forgotten-secret"}""",
        """{"error":{"status":400,"message":"too long","code":"context_length_exceeded"}}""",
        """{"fault":"429"}""",
        """{"fault":"cut-stream","text":"a b c d"}""",
    ];

    public static FuzzTarget Create() => new("demo-script", [.. Lines.Select((line, i) => Seed($"line {i}", line)), Seed("all", string.Join('\n', Lines))])
    {
        Largest = 256 * 1024,
    };

    private static FuzzSeed Seed(string name, string text) => new(name, [Encoding.UTF8.GetBytes(text)], parts => Parse(parts[0]));

    private static bool Parse(byte[] text)
    {
        try
        {
            _ = DemoScript.Parse(Encoding.UTF8.GetString(text));
            return true;
        }
        catch (ToolException)
        {
            return false;
        }
    }
}
