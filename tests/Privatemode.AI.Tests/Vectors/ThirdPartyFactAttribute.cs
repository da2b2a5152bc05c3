namespace Privatemode.AI.Tests.Vectors;

/// <summary>A test over vectors that are not ours to publish: skipped, visibly, where they are absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ThirdPartyFactAttribute : FactAttribute
{
    public ThirdPartyFactAttribute()
    {
        if (VectorFiles.ThirdPartyFolder is null)
        {
            Skip = $"Third-party vectors not found: set {VectorFiles.Variable} to their folder.";
        }
    }
}
