using System.IO.Compression;
using System.Reflection;
using System.Xml.Linq;

namespace UserPrograms.PackageContents;

/// <summary>The packages that this assembly was compiled against, as they would be published.</summary>
internal static class PackageFiles
{
    private static readonly string Folder = Setting("PackagesFolder");

    public static string Version { get; } = Setting("PackageVersion");

    public static byte[] Read(string package, string path, string extension = "nupkg")
    {
        using ZipArchive archive = ZipFile.OpenRead(Path.Combine(Folder, $"{package}.{Version}.{extension}"));
        using Stream entry = archive.GetEntry(path)?.Open() ?? throw new FileNotFoundException($"{package} has no {path}.");
        using MemoryStream content = new();
        entry.CopyTo(content);
        return content.ToArray();
    }

    public static XElement Metadata(string package)
    {
        using MemoryStream content = new(Read(package, $"{package}.nuspec"));
        return XDocument.Load(content).Root!.Elements().Single(element => element.Name.LocalName == "metadata");
    }

    public static XElement? Child(this XElement element, string name) => element.Elements().SingleOrDefault(child => child.Name.LocalName == name);

    private static string Setting(string key) => typeof(PackageFiles).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == key).Value!;
}
