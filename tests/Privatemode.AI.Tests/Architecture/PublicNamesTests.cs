using System.ClientModel.Primitives;
using System.Reflection;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using OpenAI;
using Privatemode.AI.Testing;

namespace Privatemode.AI.Tests.Architecture;

/// <summary>Public types are named as docs/adr/0001-public-names.md decides.</summary>
public sealed class PublicNamesTests
{
    private const string Prefix = "Privatemode";

    private static readonly string[] Prefixed =
    [
        "PrivatemodeClient", "PrivatemodeOptions", "PrivatemodeOpenAIClient", "PrivatemodeHttpMessageHandler", "PrivatemodeTestDeployment",
        "PrivatemodeTestDeploymentOptions", "PrivatemodeModelFactory",
    ];

    private static IEnumerable<Type> Ours =>
        [.. typeof(PrivatemodeClient).Assembly.GetExportedTypes(), .. typeof(PrivatemodeTestDeployment).Assembly.GetExportedTypes()];

    [Fact]
    public void Prefix_IsOnWhatStandsForTheService() => Assert.All(Ours, type => Assert.Equal(
        Prefixed.Contains(type.Name) || typeof(PrivatemodeException).IsAssignableFrom(type) || !InOurNamespace(type),
        type.Name.StartsWith(Prefix, StringComparison.Ordinal)));

    [Fact]
    public void Name_IsNotThatOfATypeUsersImportBesideOurs()
    {
        Assembly[] others =
        [
            typeof(IChatClient).Assembly, typeof(OpenAIClient).Assembly, typeof(ClientPipeline).Assembly, typeof(IServiceCollection).Assembly,
            typeof(HttpClient).Assembly, typeof(object).Assembly,
        ];
        HashSet<string> taken = [.. others.SelectMany(assembly => assembly.GetExportedTypes()).Select(type => type.Name)];
        Assert.All(Ours, type => Assert.DoesNotContain(type.Name, taken));
    }

    private static bool InOurNamespace(Type type) => type.Namespace!.StartsWith("Privatemode.", StringComparison.Ordinal);

    [Fact]
    public void Type_CanGrow_HasNoPositionalMembers() => Assert.All(
        Ours, type => Assert.Null(type.GetMethod("Deconstruct", BindingFlags.Public | BindingFlags.Instance)));
}
