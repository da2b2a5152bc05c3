using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Privatemode.AI.Tests.Architecture;

/// <summary>What CS1573 demands, for public members. The warning itself is off, because it looks at internal members as well.</summary>
public class ParameterDocumentationTests
{
    [Fact]
    public void PublicMembers_DocumentEveryParameter() => Assert.Empty(
        from path in RepositoryFiles.Sources("Privatemode.AI")
        let text = File.ReadAllText(path)
        where !text.Contains("#pragma warning disable CS1573", StringComparison.Ordinal)
        from member in CSharpSyntaxTree.ParseText(text).GetRoot().DescendantNodes().OfType<BaseMethodDeclarationSyntax>()
        where IsPublic(member) && member.Ancestors().OfType<BaseTypeDeclarationSyntax>().All(IsPublic)
        let comment = string.Concat(member.GetLeadingTrivia().Where(trivia => trivia.HasStructure).Select(trivia => trivia.ToFullString()))
        where comment.Contains("<param ", StringComparison.Ordinal)
        from parameter in member.ParameterList.Parameters
        where !comment.Contains($"<param name=\"{parameter.Identifier.ValueText}\"", StringComparison.Ordinal)
        select $"{path}: {parameter.Identifier.ValueText}");

    private static bool IsPublic(MemberDeclarationSyntax member) => member.Modifiers.Any(SyntaxKind.PublicKeyword);
}
