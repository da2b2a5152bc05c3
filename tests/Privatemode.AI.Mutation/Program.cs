using Microsoft.Testing.Platform.Builder;
using Microsoft.Testing.Platform.Capabilities.TestFramework;

using Privatemode.AI.Mutation;

ITestApplicationBuilder builder = await TestApplication.CreateBuilderAsync(args);
builder.RegisterTestFramework(_ => new TestFrameworkCapabilities(), (_, _) => new UnitTestFramework());
using ITestApplication application = await builder.BuildAsync();
return await application.RunAsync();
