using FsCheck;
using FsCheck.Fluent;

namespace Privatemode.AI.Tests.Fakes;

/// <summary>Runs a property over generated cases; a failure names the seed to replay.</summary>
internal static class Properties
{
    public static void Hold<T>(Gen<T> cases, Action<T> property, int count = 200) =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(count).WithQuietOnSuccess(true), Prop.ForAll(cases.ToArbitrary(), property));
}
