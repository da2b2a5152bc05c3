using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.AspNetCore.Tests;

/// <summary>The code of the package's README runs: each line of it stands in this file.</summary>
public sealed class ReadmeTests
{
    private static readonly string Source = File.ReadAllText(Path.Combine(
        OptionsTests.Root(), "tests", "Privatemode.AI.AspNetCore.Tests", "ReadmeTests.cs"));

    [Fact]
    public async Task Readme_FirstProgram_AnswersAChat()
    {
        string[] args = [];
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(args);

        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        builder.Services.AddPrivatemodeProxy().AddPrivatemode(deployment.ConfigureClient);

        WebApplication app = builder.Build();
        app.MapPrivatemode();
        app.Urls.Add("http://127.0.0.1:0");
        await app.StartAsync();
        Uri address = new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        using HttpClient http = new() { BaseAddress = address };
        using StringContent body = new("""{"model":"gpt-oss-120b","messages":[{"role":"user","content":"Hello"}]}""", Encoding.UTF8, "application/json");

        using HttpResponseMessage answer = await http.PostAsync("/v1/chat/completions", body).OrTimeout();

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        await app.DisposeAsync();
    }

    [Fact]
    public void Documents_CodeWithTheProxy_IsThatOfTheseTests()
    {
        string root = OptionsTests.Root();
        string[] documents = [.. Directory.GetFiles(Path.Combine(root, "docs"), "*.md"), .. Directory.GetFiles(root, "*.md"),
            Path.Combine(root, "src", "Privatemode.AI.AspNetCore", "README.md")];
        string[] snippets = [.. documents.SelectMany(path => File.ReadAllText(path).Split("```csharp").Skip(1)).Select(part => part.Split("```")[0])
            .Where(snippet => snippet.Contains("AddPrivatemodeProxy", StringComparison.Ordinal))];
        string[] lines = [.. snippets.SelectMany(snippet => snippet.Split('\n')).Select(line => line.Trim())
            .Where(line => line.Length > 0 && !line.StartsWith("using ", StringComparison.Ordinal))];

        // These two differ in the port, and in where the deployment is.
        string[] others = ["builder.Services.AddPrivatemodeProxy();", "app.Run(\"http://127.0.0.1:8080\");"];
        Assert.True(snippets.Length >= 2);
        Assert.All(lines.Except(others), line => Assert.Contains(line, Source, StringComparison.Ordinal));
    }
}
