using System.Reflection.Metadata;
using System.Text;
using System.Xml.Linq;
using Xunit;

namespace UserPrograms.PackageContents;

/// <summary>What nuget.org and a restore read of the packages.</summary>
public sealed class PackageMetadataTests
{
    // https://learn.microsoft.com/nuget/reference/nuspec: longer release notes are refused on upload.
    private const int MaxReleaseNotes = 35_000;

    // The GUID of Source Link among the custom debug information of a portable PDB.
    private static readonly Guid SourceLink = new("CC110556-A091-4D38-9FEC-25AB9A351A6A");

    public static TheoryData<string> Packages =>
        ["Privatemode.AI", "Privatemode.AI.AspNetCore", "Privatemode.AI.SemanticKernel", "Privatemode.AI.Testing"];

    [Theory]
    [MemberData(nameof(Packages))]
    public void Nuspec_HasWhatTheListingShows(string package)
    {
        XElement metadata = PackageFiles.Metadata(package);
        Assert.Equal("MIT", metadata.Child("license")?.Value);
        Assert.NotEmpty(PackageFiles.Read(package, metadata.Child("icon")!.Value));
        Assert.StartsWith($"# {package}\n", Encoding.UTF8.GetString(PackageFiles.Read(package, metadata.Child("readme")!.Value)));
        Assert.Contains("confidential-computing", metadata.Child("tags")!.Value.Split(' '));
        Assert.InRange(metadata.Child("releaseNotes")!.Value.Length, 100, MaxReleaseNotes);
        Assert.StartsWith("## ", metadata.Child("releaseNotes")!.Value);
    }

    [Fact]
    public void Nuspec_DependsOnWhatTheAssembliesUse()
    {
        Assert.Equal(
            [
                "BouncyCastle.Cryptography", "Microsoft.Extensions.AI", "Microsoft.Extensions.AI.Abstractions", "Microsoft.Extensions.Caching.Memory",
                "Microsoft.Extensions.DependencyInjection.Abstractions", "Microsoft.Extensions.Diagnostics.HealthChecks",
                "Microsoft.Extensions.Hosting.Abstractions", "Microsoft.Extensions.Http", "Microsoft.Extensions.Logging.Abstractions",
                "Microsoft.Extensions.Options", "NSec.Cryptography", "OpenAI", "System.ClientModel", "System.Threading.RateLimiting",
            ],
            Dependencies("Privatemode.AI"));
        Assert.Equal(
            ["Microsoft.SemanticKernel.Abstractions", "Microsoft.SemanticKernel.Core", "Privatemode.AI"], Dependencies("Privatemode.AI.SemanticKernel"));
        Assert.Equal(["Privatemode.AI"], Dependencies("Privatemode.AI.Testing"));
        Assert.Equal(
            ["OpenTelemetry.Exporter.Prometheus.AspNetCore", "OpenTelemetry.Extensions.Hosting", "Privatemode.AI"], Dependencies("Privatemode.AI.AspNetCore"));

        static IEnumerable<string> Dependencies(string package) => PackageFiles.Metadata(package).Child("dependencies")!.Elements().Single()
            .Elements().Select(dependency => (string)dependency.Attribute("id")!).Order(StringComparer.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Packages))]
    public void RepositoryUrl_IsStated_SymbolsHaveSourceLink(string package)
    {
        using MetadataReaderProvider symbols = MetadataReaderProvider.FromPortablePdbStream(
            new MemoryStream(PackageFiles.Read(package, $"lib/net10.0/{package}.pdb", "snupkg")));
        MetadataReader reader = symbols.GetMetadataReader();
        CustomDebugInformation link = Assert.Single(reader.CustomDebugInformation.Select(reader.GetCustomDebugInformation),
            information => reader.GetGuid(information.Kind) == SourceLink);
        XElement repository = PackageFiles.Metadata(package).Child("repository")!;
        string expected = ((string)repository.Attribute("url")!).Replace("github.com", "raw.githubusercontent.com", StringComparison.Ordinal);
        Assert.Contains($"{expected}/{(string?)repository.Attribute("commit")}/*", Encoding.UTF8.GetString(reader.GetBlobBytes(link.Value)));
    }
}
