using Microsoft.Testing.Platform.Builder;
using Microsoft.Testing.Platform.Capabilities.TestFramework;

using Privatemode.AI.Mutation.Listing;
using Privatemode.AI.Mutation.Runs;
using Privatemode.AI.Mutation.Tests;

// dotnet-stryker starts the program with --server, FolderRun with --test; people start it with scripts/mutation.
switch (args)
{
    case ["--test", string folder, string results]:
        return await TestProcess.RunAsync(folder, results);
    case not ["--server", ..]:
        return await Command.RunAsync(args);
}

ITestApplicationBuilder builder = await TestApplication.CreateBuilderAsync(args);
builder.RegisterTestFramework(_ => new TestFrameworkCapabilities(), (_, _) => new EmptyTests());
using ITestApplication application = await builder.BuildAsync();
return await application.RunAsync();
