using System.Xml.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Privatemode.AI.Tests.Architecture;

/// <summary>Reads the XML comments of public members in the sources, which are there however the tests were built.</summary>
internal static class DocumentationComments
{
    private static readonly string[] Starts =
        ["Gets or sets a value that indicates ", "Gets a value that indicates ", "Gets or sets ", "Gets ", "Returns ", "Creates "];

    private static readonly ILookup<string, XElement> Comments = Read();

    /// <summary>The summary in Markdown, without "Gets or sets".</summary>
    /// <param name="member">The type and the member, such as <c>MediaOptions.Remote</c>.</param>
    public static string Summary(string member)
    {
        string text = Markdown(Of(member).Element("summary"));
        string start = Array.Find(Starts, start => text.StartsWith(start, StringComparison.Ordinal)) ?? "";
        return char.ToUpperInvariant(text[start.Length]) + text[(start.Length + 1)..];
    }

    /// <summary>What the comment says that the default, <see langword="null"/> or empty, means; null if it does not say it.</summary>
    /// <param name="member">The type and the member.</param>
    public static string? MeaningOfNull(string member)
    {
        string text = Markdown(Of(member).Element("value"));
        string? start = ((string[])["The default is `null`: ", "The default is empty: "]).FirstOrDefault(text.Contains);
        return start is null ? null : FirstSentence(text[(text.IndexOf(start, StringComparison.Ordinal) + start.Length)..]).TrimEnd('.');
    }

    private static XElement Of(string member) =>
        Comments[member].FirstOrDefault() ?? throw new InvalidOperationException($"{member} has no XML comment.");

    private static string FirstSentence(string text) => text.IndexOf(". ", StringComparison.Ordinal) is > 0 and int end ? text[..(end + 1)] : text;

    private static string Markdown(XElement? element) => string.Join(
        ' ', string.Concat(element?.Nodes().Select(Markdown) ?? []).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private static string Markdown(XNode node) => node switch
    {
        XText text => text.Value,
        XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
        XElement { Name.LocalName: "see" } see => $"`{see.Attribute("langword")?.Value ?? see.Attribute("cref")!.Value.Split('(')[0]}`",
        XElement other => Markdown(other),
        _ => "",
    };

    private static ILookup<string, XElement> Read()
    {
        IEnumerable<(string, XElement)> comments =
            from path in RepositoryFiles.Sources("Privatemode.AI")
            from type in CSharpSyntaxTree.ParseText(File.ReadAllText(path)).GetRoot().DescendantNodes().OfType<TypeDeclarationSyntax>()
            from member in type.Members
            let name = (member as PropertyDeclarationSyntax)?.Identifier.Text ?? (member as MethodDeclarationSyntax)?.Identifier.Text
            where name is not null
            from trivia in member.GetLeadingTrivia().Where(trivia => trivia.IsKind(SyntaxKind.SingleLineDocumentationCommentTrivia))
            let lines = trivia.ToFullString().Split('\n').Select(line => line.Trim().TrimStart('/'))
            select ($"{type.Identifier.Text}.{name}", XElement.Parse($"<member>{string.Join('\n', lines)}</member>"));
        return comments.ToLookup(comment => comment.Item1, comment => comment.Item2);
    }
}
