using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Privatemode.AI.Encryption;

namespace Privatemode.AI.Tests.Architecture;

/// <summary>The words of <see cref="PrivatemodeException.ErrorType"/>: one form, and all of them documented.</summary>
public sealed partial class ErrorTypesTests
{
    private static readonly string[] Kinds = ["WouldLeak", "Integrity", "Verification"];

    private static readonly CompilationUnitSyntax[] Sources =
        [.. RepositoryFiles.Under("src/Privatemode.AI", "*.cs").Select(path => CSharpSyntaxTree.ParseText(File.ReadAllText(path)).GetCompilationUnitRoot())];

    [Fact]
    public void Words_HaveOneForm()
    {
        string[] words = [.. Kinds.SelectMany(WordsOf), .. Faults(), .. Checks()];
        Assert.True(words.Length > 200, $"{words.Length} words");
        Assert.All(words, word => Assert.Matches(Form(), word));
    }

    [Fact]
    public void WordsOfRefusedCalls_AreDocumented() => Assert.Equal(WordsOf("WouldLeak").Distinct().Order(StringComparer.Ordinal), Documented("refused call"));

    [Fact]
    public void WordsOfRejectedAnswers_AreDocumented() =>
        Assert.Equal(WordsOf("Integrity").Concat(Faults()).Distinct().Order(StringComparer.Ordinal), Documented("rejected answer"));

    private static IEnumerable<string> Faults() =>
        from fault in Enum.GetValues<AnswerFault>()
        where fault != AnswerFault.None
        select AnswerFaults.Exception(fault, new AnswerContext("/v1", "id")).ErrorType;

    /// <summary>The names of checks, which are constants.</summary>
    private static IEnumerable<string> Checks() =>
        from type in typeof(PrivatemodeException).Assembly.GetTypes()
        from field in type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
        where field.IsLiteral && field.FieldType == typeof(string) && (type.Name.EndsWith("Checks", StringComparison.Ordinal) || IsCheck(field.Name))
        select (string)field.GetRawConstantValue()!;

    private static bool IsCheck(string field) => field.EndsWith("Check", StringComparison.Ordinal);

    /// <summary>The first arguments of the constructor that are literals or constants, and those of helper methods that pass on a parameter.</summary>
    private static IEnumerable<string> WordsOf(string kind)
    {
        string type = $"Privatemode{kind}Exception";
        foreach (CompilationUnitSyntax source in Sources)
        {
            foreach (BaseObjectCreationExpressionSyntax creation in source.DescendantNodes().OfType<BaseObjectCreationExpressionSyntax>())
            {
                MethodDeclarationSyntax? method = creation.FirstAncestorOrSelf<MethodDeclarationSyntax>();
                string? created = (creation as ObjectCreationExpressionSyntax)?.Type.ToString() ?? method?.ReturnType.ToString();
                if (created == type && creation.ArgumentList is { Arguments: [var first, ..] })
                {
                    foreach (string word in Values(source, method, first.Expression))
                    {
                        yield return word;
                    }
                }
            }
        }
    }

    private static IEnumerable<string> Values(CompilationUnitSyntax source, MethodDeclarationSyntax? method, ExpressionSyntax expression)
    {
        if (expression is LiteralExpressionSyntax literal)
        {
            return [literal.Token.ValueText];
        }

        int index = method?.ParameterList.Parameters.ToList().FindIndex(parameter => parameter.Identifier.ValueText == expression.ToString()) ?? -1;
        return index >= 0
            ? from call in source.DescendantNodes().OfType<InvocationExpressionSyntax>()
              where call.Expression.ToString() == method!.Identifier.ValueText && call.ArgumentList.Arguments.Count > index
              from value in Values(source, null, call.ArgumentList.Arguments[index].Expression)
              select value
            : from constant in source.DescendantNodes().OfType<VariableDeclaratorSyntax>()
              where constant.Identifier.ValueText == expression.ToString() && constant.Initializer?.Value is LiteralExpressionSyntax
              select ((LiteralExpressionSyntax)constant.Initializer!.Value).Token.ValueText;
    }

    /// <summary>The words of a table in docs/errors.md, which its first heading names.</summary>
    private static IEnumerable<string> Documented(string heading) =>
        File.ReadAllLines(Path.Combine(RepositoryFiles.Root, "docs", "errors.md"))
            .SkipWhile(line => !line.StartsWith($"| {heading} |", StringComparison.Ordinal)).Skip(2).TakeWhile(line => line.StartsWith('|'))
            .SelectMany(line => Code().Matches(line.Split('|')[1]).Select(match => match.Groups[1].Value)).Order(StringComparer.Ordinal);

    [GeneratedRegex("^[a-z0-9]+(-[a-z0-9]+)*$")]
    private static partial Regex Form();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();
}
