using System.Reflection;

namespace Privatemode.AI.Tests.Fakes;

/// <summary>Secrets that no type shows, for tests of what happens to their memory.</summary>
internal static class PrivateFields
{
    public static T Field<T>(this object owner, string name) =>
        (T)owner.GetType().GetField(name, BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(owner)!;
}
