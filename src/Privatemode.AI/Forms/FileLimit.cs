namespace Privatemode.AI.Forms;

/// <summary>The largest file an endpoint takes.</summary>
/// <param name="Bytes">In bytes.</param>
/// <param name="Advice">What to do about a larger one, as a sentence.</param>
internal sealed record FileLimit(int Bytes, string Advice)
{
    /// <summary>Name of the setting in exceptions about the file.</summary>
    public const string Setting = "file";

    /// <exception cref="PrivatemodeConfigurationException">The length is over the limit.</exception>
    public void Demand(long length)
    {
        if (length > Bytes)
        {
            throw new PrivatemodeConfigurationException(Setting, $"The file is larger than {Bytes} bytes, the most the service takes. {Advice}");
        }
    }
}
