using System.Xml.Linq;

namespace Privatemode.AI.Tests.Architecture;

/// <summary>The projects in the template package. scripts/user-programs creates, compiles and runs them.</summary>
public sealed class TemplateTests
{
    private const string Content = "templates/Privatemode.AI.Templates/content";

    [Fact]
    public void Packages_OfTheProjects_HaveTheVersionsOfThisRepository()
    {
        Dictionary<string, string> versions = References("Directory.Packages.props", "PackageVersion").DistinctBy(package => package.Id)
            .ToDictionary(package => package.Id, package => package.Version);

        // ASP.NET Core has the version of the extensions.
        versions["Microsoft.AspNetCore.Mvc.Testing"] = versions["Microsoft.Extensions.Hosting"];
        (string Id, string Version)[] packages = [.. Projects().SelectMany(path => References(path, "PackageReference"))];
        Assert.Contains(packages, package => package.Id == "Privatemode.AI");
        Assert.All(packages, package => Assert.Equal(
            package.Id.StartsWith("Privatemode.", StringComparison.Ordinal) ? "PRIVATEMODE_VERSION" : versions[package.Id], package.Version));
    }

    [Fact]
    public void Templates_AreTriedByCi()
    {
        string script = File.ReadAllText(Path.Combine(RepositoryFiles.Root, "scripts/user-programs"));
        string[] templates = [.. Directory.EnumerateDirectories(Path.Combine(RepositoryFiles.Root, Content)).Select(path => Path.GetFileName(path)!)];
        Assert.Contains("privatemode-chat", templates);
        Assert.All(templates, name => Assert.Contains($"dotnet new {name} ", script, StringComparison.Ordinal));
    }

    private static IEnumerable<string> Projects() => RepositoryFiles.Under(Content, "*.csproj");

    private static IEnumerable<(string Id, string Version)> References(string path, string element) =>
        XDocument.Load(Path.Combine(RepositoryFiles.Root, path)).Descendants(element)
            .Select(package => ((string)package.Attribute("Include")!, (string)package.Attribute("Version")!));
}
