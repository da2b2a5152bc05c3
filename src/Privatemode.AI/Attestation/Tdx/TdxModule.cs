using System.Text.Json;

namespace Privatemode.AI.Attestation.Tdx;

/// <summary>Who signed a TDX module, and which attributes it must have.</summary>
internal sealed record TdxModule(byte[] MrSigner, byte[] Attributes, byte[] AttributesMask)
{
    private const int MrSignerSize = 48;

    public static TdxModule Read(JsonElement element) => new(
        element.ReadHex("mrsigner", MrSignerSize),
        element.ReadHex("attributes", sizeof(ulong)),
        element.ReadHex("attributesMask", sizeof(ulong)));

    /// <summary>Compares the module that the quote names with this one.</summary>
    /// <exception cref="PrivatemodeVerificationException">It is another one.</exception>
    public void Check(TdReport report)
    {
        ReadOnlySpan<byte> signer = report.MrSignerSeam.Span;
        if (!signer.SequenceEqual(MrSigner))
        {
            throw TdxFailure.Platform(
                TdxChecks.ModuleSigner, "runs a TDX module that is not signed by Intel", TdxFailure.Hex(MrSigner), TdxFailure.Hex(signer));
        }

        // Intel's verifier demands zeros whatever the mask leaves open.
        ReadOnlySpan<byte> attributes = report.SeamAttributes.Span;
        if (!Masked.AreEqual(attributes, AttributesMask, Attributes) || attributes.ContainsAnyExcept((byte)0))
        {
            throw TdxFailure.Platform(
                TdxChecks.ModuleAttributes, "runs a TDX module with other attributes", TdxFailure.Hex(Attributes), TdxFailure.Hex(attributes));
        }
    }
}
