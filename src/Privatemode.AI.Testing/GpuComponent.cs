namespace Privatemode.AI.Testing;

/// <summary>Specifies a component whose certificate the service checks for revocation with NVIDIA's OCSP service.</summary>
public enum GpuComponent
{
    /// <summary>The GPU.</summary>
    Gpu,

    /// <summary>The driver of the GPU.</summary>
    Driver,

    /// <summary>The firmware (VBIOS) of the GPU.</summary>
    Vbios,
}
