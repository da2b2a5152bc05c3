using System.CommandLine;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Privatemode.AI.Tests.Architecture;
using Privatemode.Tool.Proxy;

namespace Privatemode.Tool.Tests.Documents;

/// <summary>The image and the Helm chart pass flags that the proxy has. scripts/helm-chart renders the chart.</summary>
public sealed partial class ChartTests
{
    private static readonly string Chart = Path.Combine(RepositoryFiles.Root, "deploy", "helm", "privatemode-proxy");

    private static readonly XElement Project = XElement.Load(Path.Combine(RepositoryFiles.Root, "src", "Privatemode.Tool", "Privatemode.Tool.csproj"));

    private static string Workload => File.ReadAllText(Path.Combine(Chart, "templates", "workload.yaml"));

    private static HashSet<string> FlagsOfTheProxy
    {
        get
        {
            Command command = new("proxy");
            ProxyFlags flags = new();
            flags.AddTo(command);
            flags.Common.AddTo(command);
            return [.. command.Options.SelectMany(option => option.Aliases.Append(option.Name))];
        }
    }

    [Fact]
    public void Chart_PassesFlagsOfTheProxy()
    {
        string[] flags = [.. Flag().Matches(Workload).Select(match => match.Value).Distinct()];

        Assert.Equal(14, flags.Length);
        Assert.All(flags, flag => Assert.Contains(flag, FlagsOfTheProxy));
    }

    [Fact]
    public void Image_RunsTheProxyAsAUserWithoutRights()
    {
        string[] arguments = Item("ContainerAppCommandArgs").Split(';');

        Assert.Equal(["proxy", "--listen", "0.0.0.0", "--workspace", "/workspace"], arguments);
        Assert.All(arguments.Where(argument => argument.StartsWith('-')), flag => Assert.Contains(flag, FlagsOfTheProxy));
        Assert.Equal("8080", Item("ContainerPort"));
        string user = Project.Descendants("ContainerUser").Single().Value;
        Assert.Contains($"runAsUser: {user}\n", Workload, StringComparison.Ordinal);
        Assert.Contains($"fsGroup: {user}\n", Workload, StringComparison.Ordinal);
    }

    [Fact]
    public void Chart_HasTheVersionOfTheProduct()
    {
        string version = XElement.Load(Path.Combine(RepositoryFiles.Root, "Directory.Build.props")).Descendants("Version").Single().Value;

        string[] chart = File.ReadAllLines(Path.Combine(Chart, "Chart.yaml"));

        Assert.Contains($"version: {version}", chart);
        Assert.Contains($"appVersion: {version}", chart);
    }

    private static string Item(string name) => Project.Descendants(name).Single().Attribute("Include")!.Value;

    [GeneratedRegex("(?<=[\" ])--[A-Za-z][A-Za-z-]*(?=[=\"\n])")]
    private static partial Regex Flag();
}
