using System.Text;
using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.KeyExchange;

namespace Privatemode.AI.Tests.Attestation.Contrast;

/// <summary>Answers as long as they may be cost no more than 16 MiB, and are refused before they cost more. Found by fuzzing.</summary>
public sealed class LargeInputTests
{
    private const long MaxBytes = 16 << 20;

    [Fact]
    public void Response_AsLongAsItMayBe_TakesNoMoreMemoryThanItself()
    {
        byte[] body = Fill("{\"AttestationDoc\":\"", 'A', AttestResponse.MaxSize - 24, "\"}");
        Assert.Equal(0, Costs(() => Assert.Equal((AttestResponse.MaxSize - 24) / 4 * 3, AttestResponse.ReadDocument(body).Length)));
    }

    [Theory]
    [InlineData("raw_attestation_doc", "")]
    [InlineData("policies", "[")]
    [InlineData("version", "")]
    public void Document_OfOneLongMember_TakesNoMoreMemoryThanItself(string member, string bracket)
    {
        string end = bracket.Length > 0 ? "\"]}" : "\"}";
        byte[] json = Fill($$"""{"{{member}}":{{bracket}}""" + "\"", 'A', AttestationDocument.MaxSize - 64, end);
        Assert.Equal(0, Costs(() => Assert.NotNull(ContrastFiles.Refusal(() => AttestationDocument.Parse(json)))));
    }

    [Fact]
    public void Document_WithOneLongName_TakesNoMoreMemoryThanItself()
    {
        byte[] json = Fill("{\"", 'A', AttestationDocument.MaxSize - 64, "\":0}");
        Assert.Equal(0, Costs(() => Assert.NotNull(ContrastFiles.Refusal(() => AttestationDocument.Parse(json)))));
    }

    [Fact]
    public void Document_OfMillionsOfNumbers_IsRefusedBeforeTheyAreKept()
    {
        byte[] json = Encoding.ASCII.GetBytes($$"""{"manifests":[{{string.Concat(Enumerable.Repeat("0,", 4_000_000))}}0]}""");
        Assert.Equal(0, Costs(() => Assert.Equal(ContrastChecks.DocumentFormat, ContrastFiles.Refusal(() => AttestationDocument.Parse(json)))));
    }

    [Fact]
    public void Manifest_OfAMebibyteOfShortNames_IsRefusedBeforeTheyAreKept()
    {
        string names = string.Concat(Enumerable.Repeat("\"a\", ", 200_000));
        byte[] manifest = ContrastFiles.OwnManifestWith(("\"Policies\": {", $"\"Unknown\": [{names}\"a\"], \"Policies\": {{"));
        Assert.Equal(0, Costs(() => Assert.Equal(ManifestChecks.Format, ContrastFiles.Refusal(() => Manifest.Parse(manifest)))));
    }

    [Fact]
    public void MeshAuthority_OfManyBeginnings_IsRefusedAtOnce()
    {
        byte[] text = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("-----BEGIN CERTIFICATE-----\n", 200_000)));
        TimeSpan start = Environment.CpuUsage.TotalTime;
        Assert.Equal(KeyExchangeChecks.AuthorityMissing, ContrastFiles.Refusal(() => MeshCertificateAuthority.FromPem(text)));
        Assert.InRange(Environment.CpuUsage.TotalTime - start, TimeSpan.Zero, TimeSpan.FromSeconds(20));
    }

    [Theory]
    [InlineData("+/+/", true)]
    [InlineData("\\u002b\\/\\u002B/", true)]
    [InlineData("QQ==", true)]
    [InlineData("QQ\\u003d=", true)]
    [InlineData("", true)]
    [InlineData("QR==", false)]
    [InlineData("QQ=", false)]
    [InlineData("QQ==QQ==", false)]
    [InlineData("QUJ D", false)]
    [InlineData("QUJD    ", false)]
    [InlineData("QUI\\nD", false)]
    [InlineData("QUI\\n", false)]
    [InlineData("QUI\\/", true)]
    [InlineData("QUI\\u0141", false)]
    [InlineData("QUIĠ", false)]
    [InlineData("QUI-", false)]
    [InlineData("=QUI", false)]
    public void Base64_InEveryFormOfJson_IsReadOnlyAsAnEncoderWritesIt(string text, bool isRead)
    {
        byte[] body = Encoding.UTF8.GetBytes($$"""{"AttestationDoc":"{{text}}"}""");
        Assert.Equal(isRead ? null : ContrastChecks.ResponseFormat, ContrastFiles.Refusal(() => AttestResponse.ReadDocument(body)));
    }

    [Theory]
    [InlineData(1020)]
    [InlineData(1024)]
    [InlineData(1028)]
    public void Base64_AroundTheSizeOfAPiece_IsReadWhole(int length)
    {
        byte[] bytes = [.. Enumerable.Range(0, length / 4 * 3 - 1).Select(i => (byte)(i * 7))];
        byte[] body = Encoding.ASCII.GetBytes($$"""{"AttestationDoc":"{{Convert.ToBase64String(bytes)}}"}""");
        Assert.Equal(bytes, AttestResponse.ReadDocument(body).ToArray());
    }

    // In whole multiples of what is allowed, so that a failure shows how far it went.
    private static long Costs(Action action)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        action();
        return (GC.GetAllocatedBytesForCurrentThread() - before) / MaxBytes;
    }

    private static byte[] Fill(string start, char middle, int count, string end)
    {
        byte[] bytes = new byte[start.Length + count + end.Length];
        bytes.AsSpan().Fill((byte)middle);
        Encoding.ASCII.GetBytes(start, bytes);
        Encoding.ASCII.GetBytes(end, bytes.AsSpan(start.Length + count));
        return bytes;
    }
}
