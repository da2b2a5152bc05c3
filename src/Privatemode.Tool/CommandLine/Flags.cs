using System.CommandLine;

namespace Privatemode.Tool.CommandLine;

/// <summary>A flag with a text. If it is given several times, the last one counts, as in the command line of <c>privatemode-proxy</c>.</summary>
internal sealed class TextFlag : Option<string[]>
{
    public TextFlag(string name, string valueName, string description, params string[] aliases)
        : base(name, aliases)
    {
        Description = description;
        HelpName = valueName;
        Arity = new ArgumentArity(1, 1000);
        AllowMultipleArgumentsPerToken = false;
    }

    public string? Read(ParseResult result) => result.GetResult(this) is { Tokens.Count: > 0 } found ? found.Tokens[^1].Value : null;

    /// <summary>The name that was used on the command line, for messages.</summary>
    public string NameIn(ParseResult result) => Flags.NameIn(this, result);
}

/// <summary>A flag with a text that can be given several times; all count, in their order.</summary>
internal sealed class ListFlag : Option<string[]>
{
    public ListFlag(string name, string valueName, string description, params string[] aliases)
        : base(name, aliases)
    {
        Description = description;
        HelpName = valueName;
        Arity = new ArgumentArity(1, 100_000);
        AllowMultipleArgumentsPerToken = false;
    }

    public IReadOnlyList<string> Read(ParseResult result) => result.GetResult(this) is { } found ? [.. found.Tokens.Select(token => token.Value)] : [];
}

/// <summary>A flag that is on or off: <c>--x</c>, <c>--x=false</c>, <c>--x false</c>, and Go's other words after the equal sign.</summary>
internal sealed class BoolFlag : Option<bool>
{
    private readonly bool _default;

    public BoolFlag(string name, string description, bool defaultValue, params string[] aliases)
        : base(name, aliases)
    {
        Description = description;
        _default = defaultValue;
        Arity = ArgumentArity.ZeroOrOne;
    }

    public BoolFlag(string name, string description)
        : this(name, description, defaultValue: false)
    {
    }

    public bool Read(ParseResult result) => IsGiven(result) ? result.GetValue(this) : _default;

    public bool IsGiven(ParseResult result) => result.GetResult(this) is { Implicit: false };
}

/// <summary>Makes the parser read flags as Go's pflag does, which <c>privatemode-proxy</c> uses.</summary>
internal static class Flags
{
    /// <summary>Rewrites arguments: normalizes Boolean values, keeps the last of repeated Boolean flags, and splits a short flag from its value.</summary>
    /// <param name="args">The arguments.</param>
    /// <param name="command">The command that they select.</param>
    /// <exception cref="ToolException">The value of a Boolean flag is not one of Go's words, or a flag is unknown.</exception>
    public static string[] Normalize(IReadOnlyList<string> args, Command command)
    {
        List<string> normalized = [];
        Dictionary<Option, int> booleans = [];
        foreach ((int index, string arg) in args.Index())
        {
            if (arg == "--")
            {
                return [.. normalized, .. args.Skip(index)];
            }

            // What follows a flag with a value is that value, whatever it looks like.
            bool isValue = normalized.Count > 0 && normalized[^1] is ['-', ..] before && Find(command, before) is TextFlag or ListFlag;
            if (!isValue)
            {
                RequireKnown(arg, command);
            }

            foreach (string part in isValue ? [arg] : Split(arg, command, booleans, normalized.Count))
            {
                normalized.Add(part);
            }
        }

        return [.. normalized.Where((arg, index) => BooleanOf(arg, command) is not { } flag || booleans[flag] == index)];
    }

    // The parser would take an unknown flag for an argument: a mistyped one would become a part of the prompt.
    private static void RequireKnown(string arg, Command command)
    {
        string name = arg.Split('=', ' ')[0];
        bool isFlag = arg is ['-', _, ..] && command.Arguments.Count > 0 && name is not ("-h" or "-?" or "--help");
        if (isFlag && Find(command, name) is null && !(arg[1] != '-' && Find(command, arg[..2]) is TextFlag))
        {
            throw ToolException.Usage(UnknownNames.Flag(name, command));
        }
    }

    public static string NameIn(Option option, ParseResult result) =>
        result.GetResult(option)?.IdentifierToken?.Value is { Length: > 2 } name ? name : option.Name;

    private static IEnumerable<string> Split(string arg, Command command, Dictionary<Option, int> booleans, int index)
    {
        int equals = arg.IndexOf('=', StringComparison.Ordinal);
        string name = equals < 0 ? arg : arg[..equals];
        if (BooleanOf(name, command) is { } flag)
        {
            booleans[flag] = index;
            string value = equals < 0 ? "" : arg[(equals + 1)..];
            return equals < 0 ? [arg] : [$"{name}={Parse(value, name)}"];
        }

        bool isShort = arg is ['-', not '-', not '=', _, ..] && Find(command, arg[..2]) is TextFlag;
        return isShort && equals != 2 ? [arg[..2], arg[2..]] : [arg];
    }

    private static BoolFlag? BooleanOf(string arg, Command command) =>
        arg.StartsWith('-') ? Find(command, arg.Split('=')[0]) as BoolFlag : null;

    private static Option? Find(Command command, string name) =>
        command.Options.FirstOrDefault(option => option.Name == name || option.Aliases.Contains(name));

    private static string Parse(string value, string name) => value switch
    {
        "1" or "t" or "T" or "TRUE" or "true" or "True" => "true",
        "0" or "f" or "F" or "FALSE" or "false" or "False" => "false",
        _ => throw ToolException.Usage($"invalid argument \"{value}\" for \"{name}\" flag"),
    };
}
