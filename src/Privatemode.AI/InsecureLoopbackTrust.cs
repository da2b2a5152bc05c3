namespace Privatemode.AI;

/// <summary>
/// INSECURE outside of tests: trusts a test deployment on this machine without evidence. Accepted only when the endpoint is a
/// loopback address, checked again when the connection is made.
/// </summary>
public sealed class InsecureLoopbackTrust
{
    private readonly Func<string> _meshCaPem;

    /// <summary>Trusts the deployment whose mesh CA is this certificate.</summary>
    /// <param name="meshCaPem">PEM text; its first block is the certificate.</param>
    public InsecureLoopbackTrust(string meshCaPem)
    {
        ArgumentException.ThrowIfNullOrEmpty(meshCaPem);
        _meshCaPem = () => meshCaPem;
    }

    /// <summary>Trusts the deployment whose mesh CA is whatever the function returns now; asked again for every session.</summary>
    /// <param name="meshCaPem">Returns PEM text; its first block is the certificate.</param>
    public InsecureLoopbackTrust(Func<string> meshCaPem)
    {
        ArgumentNullException.ThrowIfNull(meshCaPem);
        _meshCaPem = meshCaPem;
    }

    internal string CurrentMeshCaPem() => _meshCaPem();
}
