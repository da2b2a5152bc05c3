using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Privatemode.AI.Tests.Architecture;

/// <summary>A public member documents all its parameters or inherits its documentation. The compiler's own check would hold for internal members too.</summary>
public sealed class DocumentedParametersTests
{
    [Theory]
    [InlineData("Privatemode.AI")]
    [InlineData("Privatemode.AI.Testing")]
    [InlineData("Privatemode.AI.SemanticKernel")]
    public void PublicMembers_WithADocumentedParameter_DocumentAll(string project)
    {
        string missing = string.Join('\n', RepositoryFiles.Sources(project).SelectMany(path => Missing(File.ReadAllText(path))));
        Assert.True(missing.Length == 0, missing);
    }

    [Fact]
    public void Missing_OfText_AreParametersOfPublicMembersOnly() => Assert.Equal(["M: b", "R: d", "N: f"], Missing("""
        public class C
        {
            /// <param name="a">A.</param>
            public void M(int a, int b) { }
            /// <param name="a">A.</param>
            internal void I(int a, int b) { }
            /// <summary>None.</summary>
            public void S(int a) { }
            /// <inheritdoc cref="M"/>
            /// <param name="a">Another one.</param>
            public void H(int a, int b) { }
        }
        /// <param name="c">C.</param>
        public record R(int c, int d);
        public interface N
        {
            /// <param name="e">E.</param>
            void N(int e, int f);
        }
        class P
        {
            /// <param name="a">A.</param>
            public void M(int a, int b) { }
        }
        """));

    private static IEnumerable<string> Missing(string source) =>
        from member in CSharpSyntaxTree.ParseText(source).GetRoot().DescendantNodes().OfType<MemberDeclarationSyntax>()
        where member.AncestorsAndSelf().OfType<MemberDeclarationSyntax>().All(IsPublic)
        let documented = Documented(member)
        where documented.Length > 0
        from name in Parameters(member).Except(documented)
        select $"{Name(member)}: {name}";

    private static bool IsPublic(MemberDeclarationSyntax member) =>
        member is BaseNamespaceDeclarationSyntax || member.Parent is InterfaceDeclarationSyntax
        || member.Modifiers.Any(SyntaxKind.PublicKeyword) || member.Modifiers.Any(SyntaxKind.ProtectedKeyword);

    private static IEnumerable<string> Parameters(MemberDeclarationSyntax member) => (member switch
    {
        BaseMethodDeclarationSyntax method => method.ParameterList,
        DelegateDeclarationSyntax type => type.ParameterList,
        TypeDeclarationSyntax type => type.ParameterList,
        IndexerDeclarationSyntax indexer => (BaseParameterListSyntax)indexer.ParameterList,
        _ => null,
    })?.Parameters.Select(parameter => parameter.Identifier.ValueText) ?? [];

    private static string[] Documented(MemberDeclarationSyntax member) =>
    [
        .. member.GetLeadingTrivia().Select(trivia => trivia.GetStructure()).OfType<DocumentationCommentTriviaSyntax>()
            .Where(comment => !comment.ChildNodes().OfType<XmlEmptyElementSyntax>().Any(element => element.Name.LocalName.ValueText == "inheritdoc"))
            .SelectMany(comment => comment.ChildNodes().OfType<XmlElementSyntax>())
            .Where(element => element.StartTag.Name.LocalName.ValueText == "param")
            .SelectMany(element => element.StartTag.Attributes.OfType<XmlNameAttributeSyntax>())
            .Select(attribute => attribute.Identifier.Identifier.ValueText),
    ];

    private static string Name(MemberDeclarationSyntax member) => member switch
    {
        MethodDeclarationSyntax method => method.Identifier.ValueText,
        BaseTypeDeclarationSyntax type => type.Identifier.ValueText,
        _ => member.Kind().ToString(),
    };
}
