using System.Reflection;
using System.Runtime.CompilerServices;

namespace Privatemode.AI.Tests.Architecture;

/// <summary>Receipts and reports are statements. Tests can make them with any content, so nothing in the library may accept one as proof.</summary>
public sealed class NoProofTests
{
    private static readonly Type[] Statements = [typeof(EncryptionReceipt), typeof(VerifiedDeployment), typeof(VerificationCheck)];

    private static IEnumerable<Type> PublicTypes => typeof(PrivatemodeClient).Assembly.GetExportedTypes();

    [Fact]
    public void PublicMembers_TakeNoStatementAsInput()
    {
        HashSet<Type> statements = Carriers();
        Assert.Equal([], PublicTypes.SelectMany(Inputs).Where(input => statements.Any(type => Mentions(input.Parameter.ParameterType, type)))
            .Where(input => !IsPassedOut(input.Parameter, statements))
            .Where(input => !IsReading(input.Method, input.Parameter) && !IsPartOfARecord(input.Method, input.Parameter) && !IsInitOf(input.Method, statements))
            .Select(input => $"{input.Method.DeclaringType!.Name}.{input.Method.Name}({input.Parameter.ParameterType.Name})"));
    }

    [Fact]
    public void Carriers_AreTheResultsThatNameAReceipt() => Assert.Equal(
        [.. Statements.Select(type => type.Name).Concat([nameof(PartitionedDocument), nameof(TextCompletion)]).Order(StringComparer.Ordinal)],
        Carriers().Select(type => type.Name).Order(StringComparer.Ordinal));

    [Fact]
    public void Statements_HaveNoPublicConstructor() =>
        Assert.All([typeof(EncryptionReceipt), typeof(VerifiedDeployment)], type => Assert.Empty(type.GetConstructors()));

    [Fact]
    public void Mentions_FindsTypesInsideOthers()
    {
        Assert.True(Mentions(typeof(Func<Task<EncryptionReceipt>[]>), typeof(EncryptionReceipt)));
        Assert.False(Mentions(typeof(Func<string>), typeof(EncryptionReceipt)));
    }

    /// <summary>The statements, and the results that can be created with one. A result that nothing takes proves nothing either.</summary>
    private static HashSet<Type> Carriers()
    {
        HashSet<Type> found = [.. Statements];
        while (PublicTypes.Where(type => type.GetProperties().Any(property => IsInit(property.SetMethod) && found.Any(
            statement => Mentions(property.PropertyType, statement)))).Any(found.Add))
        {
        }

        return found;
    }

    private static IEnumerable<(MethodBase Method, ParameterInfo Parameter)> Inputs(Type type) =>
        type.GetMembers(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
            .OfType<MethodBase>().Where(method => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly)
            .SelectMany(method => method.GetParameters().Where(parameter => !parameter.IsOut).Select(parameter => (method, parameter)));

    private static bool Mentions(Type type, Type statement) => type == statement
        || (type.HasElementType && Mentions(type.GetElementType()!, statement))
        || type.GetGenericArguments().Any(argument => Mentions(argument, statement));

    // A callback that gets a statement and returns none.
    private static bool IsPassedOut(ParameterInfo parameter, HashSet<Type> statements) => parameter.ParameterType.GetMethod("Invoke") is { } callback
        && parameter.ParameterType.IsSubclassOf(typeof(Delegate)) && !statements.Any(type => Mentions(callback.ReturnType, type))
        && callback.GetParameters().Select(argument => argument.ParameterType)
            .All(argument => statements.Contains(argument) || !statements.Any(type => Mentions(argument, type)));

    // An extension method over a statement reads it.
    private static bool IsReading(MethodBase method, ParameterInfo parameter) => parameter.Position == 0 && method.IsDefined(typeof(ExtensionAttribute));

    private static bool IsPartOfARecord(MethodBase method, ParameterInfo parameter) =>
        parameter.ParameterType == method.DeclaringType && method.Name is nameof(Equals) or "op_Equality" or "op_Inequality";

    private static bool IsInitOf(MethodBase method, HashSet<Type> statements) => IsInit(method) && statements.Contains(method.DeclaringType!);

    private static bool IsInit(MethodBase? method) => method is MethodInfo { IsSpecialName: true } setter
        && setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit));
}
