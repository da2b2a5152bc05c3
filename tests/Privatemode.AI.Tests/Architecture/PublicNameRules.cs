using System.Reflection;

namespace Privatemode.AI.Tests.Architecture;

/// <summary>Rules for public types, which are named as docs/adr/0001-public-names.md decides. The tests of each package name its types.</summary>
public abstract class PublicNameRules
{
    private const string Prefix = "Privatemode";

    /// <summary>The public types of the package.</summary>
    private protected abstract IEnumerable<Type> Ours { get; }

    /// <summary>The types that stand for the service.</summary>
    private protected abstract IEnumerable<string> Prefixed { get; }

    /// <summary>What users import beside the package.</summary>
    private protected abstract IEnumerable<Assembly> Others { get; }

    [Fact]
    public void Prefix_IsOnWhatStandsForTheService()
    {
        Assert.NotEmpty(Ours);
        Assert.All(Ours, type => Assert.Equal(
            Prefixed.Contains(type.Name) || typeof(PrivatemodeException).IsAssignableFrom(type) || !InOurNamespace(type),
            type.Name.StartsWith(Prefix, StringComparison.Ordinal)));
        Assert.All(Prefixed, name => Assert.Contains(Ours, type => type.Name == name));
    }

    [Fact]
    public void Name_IsNotThatOfATypeUsersImportBesideOurs()
    {
        HashSet<string> taken = [.. Others.SelectMany(assembly => assembly.GetExportedTypes()).Select(type => type.Name)];
        Assert.All(Ours.Where(type => !type.IsNested), type => Assert.DoesNotContain(type.Name, taken));
    }

    private static bool InOurNamespace(Type type) => type.Namespace!.StartsWith("Privatemode.", StringComparison.Ordinal);

    [Fact]
    public void Type_CanGrow_HasNoPositionalMembers() => Assert.All(
        Ours, type => Assert.Null(type.GetMethod("Deconstruct", BindingFlags.Public | BindingFlags.Instance)));

    [Fact]
    public void CancellationToken_IsLast_WithoutABoolInFrontOfIt()
    {
        (string Name, Type[] Parameters)[] all = [.. Ours.SelectMany(Signatures).Where(signature => signature.Parameters.Contains(typeof(CancellationToken)))];
        Assert.All(all, signature =>
        {
            Assert.True(signature.Parameters[^1] == typeof(CancellationToken), $"{signature.Name} has a parameter after the CancellationToken.");
            Assert.False(
                signature.Parameters.Length > 1 && signature.Parameters[^2] is { } before && (before == typeof(bool) || before == typeof(bool?)),
                $"{signature.Name} has a bool in front of the CancellationToken.");
        });
    }

    /// <summary>The parameters of what users call or override, and of the callbacks that they pass or set.</summary>
    private static IEnumerable<(string Name, Type[] Parameters)> Signatures(Type type)
    {
        const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        MethodBase[] methods = [.. type.GetMethods(Declared), .. type.GetConstructors(Declared)];
        foreach (MethodBase method in methods.Where(method => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly))
        {
            Type[] parameters = [.. method.GetParameters().Select(parameter => parameter.ParameterType)];
            yield return ($"{type.Name}.{method.Name}", parameters);
            foreach (Type callback in parameters.Where(typeof(Delegate).IsAssignableFrom))
            {
                ParameterInfo[] arguments = callback.GetMethod("Invoke")?.GetParameters() ?? [];
                yield return ($"The callback of {type.Name}.{method.Name}", [.. arguments.Select(argument => argument.ParameterType)]);
            }
        }
    }
}
