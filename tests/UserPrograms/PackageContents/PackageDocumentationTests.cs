using System.Xml.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Xunit;

namespace UserPrograms.PackageContents;

/// <summary>The documentation files of the packages, against the assemblies beside them. The IDs of members come from the compiler here.</summary>
public sealed class PackageDocumentationTests
{
    public static TheoryData<string> Packages =>
        ["Privatemode.AI", "Privatemode.AI.AspNetCore", "Privatemode.AI.SemanticKernel", "Privatemode.AI.Testing"];

    [Theory]
    [MemberData(nameof(Packages))]
    public void Documentation_HasOnlyMembersThatAreVisible(string package)
    {
        HashSet<string> visible = [.. VisibleMembers(package).Select(member => member.GetDocumentationCommentId()!)];
        Assert.All(DocumentedMembers(package), id => Assert.Contains(id, visible));
    }

    [Theory]
    [MemberData(nameof(Packages))]
    public void Documentation_HasEveryVisibleMember(string package)
    {
        HashSet<string> documented = [.. DocumentedMembers(package)];
        string[] missing =
        [
            .. VisibleMembers(package).Where(HasSource).Select(member => member.GetDocumentationCommentId()!).Where(id => !documented.Contains(id)),
        ];
        Assert.Empty(missing);
    }

    [Theory]
    [MemberData(nameof(Packages))]
    public void Documentation_RefersToNothingInternal(string package)
    {
        HashSet<string> visible = [.. PackagesAndDependencies().SelectMany(VisibleMembers).Select(member => member.GetDocumentationCommentId()!)];
        string[] unknown = [.. Documentation(package).Descendants().Attributes("cref").Select(reference => reference.Value)
            .Where(id => id.Contains(":Privatemode.AI.", StringComparison.Ordinal) && !visible.Contains(id)).Distinct()];
        Assert.Empty(unknown);

        static IEnumerable<string> PackagesAndDependencies() =>
            ["Privatemode.AI", "Privatemode.AI.AspNetCore", "Privatemode.AI.SemanticKernel", "Privatemode.AI.Testing"];
    }

    private static XDocument Documentation(string package)
    {
        using MemoryStream file = new(PackageFiles.Read(package, $"lib/net10.0/{package}.xml"));
        return XDocument.Load(file);
    }

    private static IEnumerable<string> DocumentedMembers(string package) =>
        Documentation(package).Descendants("member").Select(member => (string)member.Attribute("name")!);

    private static IEnumerable<ISymbol> VisibleMembers(string package)
    {
        // Parameter types are resolved too, or IDs would lack their namespaces: everything this test runs with is referenced.
        string[] trusted = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator);
        MetadataReference assembly = MetadataReference.CreateFromImage(PackageFiles.Read(package, $"lib/net10.0/{package}.dll"));
        CSharpCompilation compilation = CSharpCompilation.Create("looks", references:
            [assembly, .. trusted.Where(path => Path.GetFileNameWithoutExtension(path) != package).Select(path => MetadataReference.CreateFromFile(path))]);
        return Visible(((IAssemblySymbol)compilation.GetAssemblyOrModuleSymbol(assembly)!).GlobalNamespace);
    }

    private static IEnumerable<ISymbol> Visible(INamespaceOrTypeSymbol container)
    {
        foreach (ISymbol member in container.GetMembers())
        {
            if (member is INamespaceSymbol inner)
            {
                foreach (ISymbol symbol in Visible(inner))
                {
                    yield return symbol;
                }
            }
            else if (member.DeclaredAccessibility is Accessibility.Public or Accessibility.Protected or Accessibility.ProtectedOrInternal)
            {
                yield return member;
                foreach (ISymbol symbol in member is INamedTypeSymbol type ? Visible(type) : [])
                {
                    yield return symbol;
                }
            }
        }
    }

    // What the compiler makes by itself has no comment: accessors, parameterless constructors, members of records, the field of an enum, overrides.
    private static bool HasSource(ISymbol member) => member switch
    {
        IMethodSymbol { AssociatedSymbol: not null } => false,
        IMethodSymbol { MethodKind: MethodKind.Constructor, Parameters.Length: 0 } => false,
        IMethodSymbol { IsOverride: true } => false,
        IMethodSymbol method when method.ContainingType.IsRecord => !method.GetAttributes().Any(IsCompilerGenerated) && method.Name != "Deconstruct",
        IFieldSymbol { Name: "value__" } => false,
        INamedTypeSymbol { TypeKind: TypeKind.Delegate } => true,
        _ => !member.GetAttributes().Any(IsCompilerGenerated),
    };

    private static bool IsCompilerGenerated(AttributeData attribute) => attribute.AttributeClass?.Name == "CompilerGeneratedAttribute";
}
