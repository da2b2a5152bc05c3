namespace Privatemode.AI.Tests.Vectors;

/// <summary>A theory over vectors that are not ours to publish: skipped, visibly, where they are absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ThirdPartyTheoryAttribute : TheoryAttribute
{
    public ThirdPartyTheoryAttribute() => Skip = new ThirdPartyFactAttribute().Skip;
}
