using System.Reflection;

using Microsoft.Testing.Platform.Extensions.Messages;
using Microsoft.Testing.Platform.Extensions.TestFramework;
using Microsoft.Testing.Platform.Requests;

namespace Privatemode.AI.Mutation.Listing;

/// <summary>
/// The one test that dotnet-stryker finds. It passes, and reaches one mutant. dotnet-stryker only has to compile the mutants: a copy of the library that
/// contains them is kept.
/// </summary>
internal sealed class EmptyTests : ITestFramework, IDataProducer
{
    /// <summary>Where the copy goes.</summary>
    public const string LibraryVariable = "PRIVATEMODE_MUTATION_LIBRARY";

    private const string Name = "empty";

    public string Uid => "privatemode-mutation";

    public string Version => "1";

    public string DisplayName => "The library with its mutants";

    public string Description => DisplayName;

    public Type[] DataTypesProduced => [typeof(TestNodeUpdateMessage)];

    public Task<bool> IsEnabledAsync() => Task.FromResult(true);

    public Task<CreateTestSessionResult> CreateTestSessionAsync(CreateTestSessionContext context)
    {
        Keep();
        return Task.FromResult(new CreateTestSessionResult { IsSuccess = true });
    }

    public Task<CloseTestSessionResult> CloseTestSessionAsync(CloseTestSessionContext context) =>
        Task.FromResult(new CloseTestSessionResult { IsSuccess = true });

    public async Task ExecuteRequestAsync(ExecuteRequestContext context)
    {
        TestNodeStateProperty state = context.Request is DiscoverTestExecutionRequest
            ? DiscoveredTestNodeStateProperty.CachedInstance
            : PassedTestNodeStateProperty.CachedInstance;
        await context.MessageBus.PublishAsync(this, new TestNodeUpdateMessage(
            context.Request.Session.SessionUid, new TestNode { Uid = Name, DisplayName = Name, Properties = new PropertyBag(state) }));
        context.Complete();
    }

    private static void Keep()
    {
        if (Environment.GetEnvironmentVariable(LibraryVariable) is { Length: > 0 } target)
        {
            Assembly library = Assembly.Load("Privatemode.AI");
            if (library.GetTypes().FirstOrDefault(type => type.Name == "MutantControl") is { } control)
            {
                File.Copy(library.Location, target, overwrite: true);

                // Without any mutant that was reached, dotnet-stryker would test them all.
                control.GetMethod("IsActive")!.Invoke(null, [0]);
            }
        }
    }
}
