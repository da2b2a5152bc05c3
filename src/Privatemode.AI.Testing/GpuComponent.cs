namespace Privatemode.AI.Testing;

/// <summary>What the service checks for revocation (NVIDIA OCSP) on the machine that answers a request.</summary>
public enum GpuComponent
{
    /// <summary>The GPU itself.</summary>
    Gpu,

    /// <summary>Its driver.</summary>
    Driver,

    /// <summary>Its firmware.</summary>
    Vbios,
}
