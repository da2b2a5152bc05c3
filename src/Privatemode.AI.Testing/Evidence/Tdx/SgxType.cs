namespace Privatemode.AI.Testing.Evidence.Tdx;

/// <summary>How a platform protects its memory.</summary>
internal enum SgxType
{
    Standard,
    Scalable,
    ScalableWithIntegrity,
}
