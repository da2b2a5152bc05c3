using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.Reflection;
using Privatemode.Tool.Commands;

namespace Privatemode.Tool.CommandLine;

/// <summary>The command line: all commands, and how one of them is run.</summary>
internal static class Root
{
    /// <summary>The version of the tool, without the digits of the commit.</summary>
    public static string Version { get; } =
        typeof(Root).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    // The same on every terminal and in docs/tool.md.
    private const int HelpWidth = 140;

    // Without ResponseFileTokenReplacer, '--apiKey @file' would be replaced by the arguments in that file.
    private static readonly ParserConfiguration Parsing = new() { ResponseFileTokenReplacer = null, EnablePosixBundling = false };

    /// <summary>Creates the commands, in the order in which help lists them.</summary>
    public static Command Create(ToolContext context)
    {
        // Not a RootCommand: its name is that of the process, and it adds directives.
        Command root = new(
            "privatemode", "End-to-end encrypted AI with Privatemode: a proxy on this machine for every client, and verification of the deployment.")
        {
            new HelpOption { Action = new HelpAction { MaxWidth = HelpWidth } },
            new Option<bool>("--version") { Description = "Show the version", Arity = ArgumentArity.Zero },
        };
        foreach (Command command in CommandList.Create(context))
        {
            root.Add(command);
        }

        return root;
    }

    /// <summary>Runs the command that the arguments select.</summary>
    /// <returns>The exit code, see <see cref="ExitCodes"/>.</returns>
    public static async Task<int> InvokeAsync(IReadOnlyList<string> args, ToolContext context)
    {
        Command root = Create(context);
        try
        {
            if (args is [] or ["--version"])
            {
                return ShowVersionOrHelp(root, args, context);
            }

            ParseResult result = Parse(root, args);
            InvocationConfiguration invocation = new()
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
                Output = context.Console.Out,
                Error = context.Console.Error,
            };
            return await result.InvokeAsync(invocation, context.Termination.Token);
        }
        catch (Exception exception)
        {
            return new Output(context, IsOn("--json", args), IsOn("--verbose", args)).Error(exception);
        }
    }

    // Behind -- are the arguments of another program.
    private static bool IsOn(string flag, IEnumerable<string> args) =>
        args.TakeWhile(arg => arg != "--").LastOrDefault(arg => arg.Split('=')[0] == flag)?.Split('=')
            is [_] or [_, "true" or "True" or "TRUE" or "t" or "T" or "1"];

    private static ParseResult Parse(Command root, IReadOnlyList<string> args)
    {
        // Twice: the command that is selected says which flags have values.
        Command selected = root.Parse(args, Parsing).CommandResult.Command;
        ParseResult result = root.Parse(Flags.Normalize(args, selected), Parsing);
        return result.Errors is [] || result.Action is HelpAction ? result : throw ToolException.Usage(Describe(result));
    }

    /// <summary>Returns a sentence about the first error in the arguments, in the words of <c>privatemode-proxy</c>.</summary>
    private static string Describe(ParseResult result)
    {
        Command command = result.CommandResult.Command;
        if (result.UnmatchedTokens is [string unmatched, ..])
        {
            return unmatched.StartsWith('-') ? UnknownNames.Flag(unmatched.Split('=')[0], command) : UnknownNames.Word(unmatched, command);
        }

        if (command.Subcommands.Count > 0)
        {
            return $"\"{UnknownNames.PathOf(command)}\" needs a command: {string.Join(", ", command.Subcommands.Select(each => each.Name))}";
        }

        OptionResult? empty = command.Options.Select(result.GetResult)
            .FirstOrDefault(option => option is { Tokens.Count: 0, Implicit: false, Option: TextFlag or ListFlag });
        Argument? missing = command.Arguments
            .FirstOrDefault(argument => argument.Arity.MinimumNumberOfValues > 0 && result.GetResult(argument) is null or { Tokens.Count: 0 });
        return empty is not null ? $"flag needs an argument: {empty.IdentifierToken?.Value ?? empty.Option.Name}"
            : missing is not null ? $"\"{UnknownNames.PathOf(command)}\" needs the argument <{missing.Name}>"
            : result.Errors[0].Message;
    }

    private static int ShowVersionOrHelp(Command root, IReadOnlyList<string> args, ToolContext context)
    {
        if (args is [_])
        {
            context.Console.Out.WriteLine($"privatemode {Version} (protocol v1.40)");
            return ExitCodes.Success;
        }

        _ = root.Parse(["--help"], Parsing).Invoke(new InvocationConfiguration { Output = context.Console.Out, Error = context.Console.Error });
        return ExitCodes.Usage;
    }
}
