using System.Text;
using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Tests.Fakes;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Attestation.Contrast;

/// <summary>Whatever bytes come, readers either read them or refuse them: no other exception, and the same bytes the same way.</summary>
public sealed class ContrastFuzzTests
{
    private const int Rounds = 3000;

    [Fact]
    public void Manifest_DamagedAnyhow_IsReadOrRefused() => Survives(ContrastFiles.OwnManifestWith(), bytes =>
    {
        Manifest manifest = Manifest.Parse(bytes);
        Assert.NotEmpty(manifest.CoordinatorPolicyHashes);
        Assert.NotEmpty(ManifestDifference.Between(null, manifest).ToString());
        Assert.NotNull(ManifestDifference.Between(manifest, Manifest.Parse(ContrastFiles.OwnManifestWith())).ToString());
    });

    [Fact]
    public void Document_DamagedAnyhow_IsReadOrRefused() => Survives(
        Encoding.UTF8.GetBytes(VectorFiles.Own("contrast/document-cases.json")[2].Text("json")), bytes => AttestationDocument.Parse(bytes));

    [Fact]
    public void Response_DamagedAnyhow_IsReadOrRefused() =>
        Survives("""{"AttestationDoc":"AQIDBAUGBwgJ"}"""u8.ToArray(), bytes => AttestResponse.ReadDocument(bytes));

    [Fact]
    public void SnpMessage_DamagedAnyhow_IsReadOrRefused() => Survives(
        new SnpMessageWriter(SevSnpMessageTests.FilledReport(5)) { Vcek = [1], Crl = [2] }.Message,
        bytes => Assert.Equal(1184, SevSnpMessage.Parse(bytes).Report.Length));

    [Fact]
    public void TdxMessage_DamagedAnyhow_IsReadOrRefused() => Survives(
        new TdxMessageWriter(TdxQuoteMessageTests.FilledQuote(32, 40)).Message,
        bytes => Assert.InRange(TdxQuoteMessage.ReadQuote(bytes).Length, 1000, ProtobufMessage.MaxSize));

    private static void Survives(byte[] original, Action<byte[]> read)
    {
        // Whoever refuses everything survives anything.
        Assert.Null(ContrastFiles.Refusal(() => read(original)));
        Mutator mutator = new(2026);
        for (int i = 0; i < Rounds; i++)
        {
            byte[] damaged = mutator.Damage(original);
            string? first = ContrastFiles.Refusal(() => read(damaged));
            Assert.Equal(first, ContrastFiles.Refusal(() => read(damaged)));
        }
    }
}
