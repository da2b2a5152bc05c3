using Microsoft.Testing.Platform.Builder;
using Microsoft.Testing.Platform.Capabilities.TestFramework;

using Privatemode.AI.Mutation.Runs;
using Privatemode.AI.Mutation.Tests;

// dotnet-stryker starts the program with --server; people start it with scripts/mutation.
if (args is not ["--server", ..])
{
    return await Command.RunAsync(args);
}

ITestApplicationBuilder builder = await TestApplication.CreateBuilderAsync(args);
builder.RegisterTestFramework(_ => new TestFrameworkCapabilities(), (_, _) => new UnitTestFramework());
using ITestApplication application = await builder.BuildAsync();
return await application.RunAsync();
