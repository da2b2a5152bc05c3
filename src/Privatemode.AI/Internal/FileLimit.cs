namespace Privatemode.AI.Internal;

/// <summary>The largest file an endpoint takes.</summary>
/// <param name="Bytes">In bytes.</param>
/// <param name="Advice">What to do about a larger one, as a sentence.</param>
internal sealed record FileLimit(int Bytes, string Advice)
{
    /// <summary>The member that exceptions about the file name.</summary>
    public const string Member = "file";

    /// <exception cref="PrivatemodeRequestException">The length is over the limit.</exception>
    public void Demand(long length)
    {
        if (length > Bytes)
        {
            throw new PrivatemodeRequestException(Member, $"The file is larger than {Bytes} bytes, the maximum that the service accepts. {Advice}");
        }
    }
}
