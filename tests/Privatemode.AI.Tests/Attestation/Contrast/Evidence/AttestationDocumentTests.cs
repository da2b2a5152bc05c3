using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Attestation.Contrast;

public sealed class AttestationDocumentTests
{
    [Fact]
    public void Parse_EveryCaseOfOurs_IsAcceptedOrRefusedByTheNamedCheck()
    {
        CaseLog log = new();
        foreach (JsonElement vector in VectorFiles.Own("contrast/document-cases.json").EnumerateArray())
        {
            byte[] json = Encoding.UTF8.GetBytes(vector.Text("json"));
            log.Run(vector.Text("name"), () =>
            {
                EvidenceKind? kind = null;
                Assert.Equal(vector.GetProperty("check").GetString(), ContrastFiles.Refusal(() => kind = AttestationDocument.Parse(json).Kind));
                Assert.Equal(vector.GetProperty("kind").GetString(), kind?.ToString());
            });
        }

        log.AssertAllPassed(44);
    }

    [Fact]
    public void Parse_WholeDocument_ReadsEveryMember()
    {
        byte[] json = Encoding.UTF8.GetBytes(VectorFiles.Own("contrast/document-cases.json")[0].Text("json"));
        AttestationDocument document = AttestationDocument.Parse(json);
        Assert.Equal(json, document.Raw.ToArray());
        Assert.Equal("v1.24.1", document.Version);
        Assert.Equal(68, document.Evidence.Length);
        Assert.Equal("manifest1"u8.ToArray(), Assert.Single(document.Manifests).ToArray());
        Assert.Equal("ROOT"u8.ToArray(), document.RootAuthority.ToArray());
        Assert.Equal("MESH"u8.ToArray(), document.MeshAuthority.ToArray());
    }

    [Theory]
    [InlineData("version", "version as a string")]
    [InlineData("raw_attestation_doc", "raw_attestation_doc as a string of padded standard base64")]
    [InlineData("attestation_type", "attestation_type as an array")]
    [InlineData("manifests", "manifests as an array")]
    [InlineData("policies", "policies as an array")]
    [InlineData("root_ca", "root_ca as a string of padded standard base64")]
    [InlineData("mesh_ca", "mesh_ca as a string of padded standard base64")]
    public void Parse_MemberOfAnotherTypeOrCase_IsRefusedByName(string name, string expected)
    {
        JsonObject document = JsonNode.Parse(VectorFiles.Own("contrast/document-cases.json")[0].Text("json"))!.AsObject();
        document[name] = new JsonObject();
        Assert.Equal((ContrastChecks.DocumentFormat, expected), Refuse(document));
        document.Remove(name);
        document[name.ToUpperInvariant()] = "";
        Assert.Equal((ContrastChecks.DocumentFormat, $"the member name {name}, spelled like this"), Refuse(document));
    }

    [Fact]
    public void Parse_ItemOfAnotherType_IsRefusedByName()
    {
        JsonObject document = JsonNode.Parse(VectorFiles.Own("contrast/document-cases.json")[0].Text("json"))!.AsObject();
        document["policies"] = new JsonArray("", 1);
        Assert.Equal((ContrastChecks.DocumentFormat, "policies as strings"), Refuse(document));
        document["manifests"] = new JsonArray("", 1);
        document["policies"] = new JsonArray();
        Assert.Equal((ContrastChecks.DocumentFormat, "manifests[1] as a string of padded standard base64"), Refuse(document));
        document["attestation_type"] = new JsonArray(1, 3, 9901, 2, 1, 7, 8);
        document["manifests"] = new JsonArray();
        PrivatemodeVerificationException refusal = Assert.Throws<PrivatemodeVerificationException>(
            () => AttestationDocument.Parse(Encoding.UTF8.GetBytes(document.ToJsonString())));
        Assert.Equal((ContrastChecks.EvidenceType, "1.3.9901.2.1.7"), (refusal.ErrorType, refusal.Found));
    }

    [Fact]
    public void ReadDocument_WithoutIt_IsNamed() => Assert.Equal(
        (ContrastChecks.ResponseFormat, "AttestationDoc as a string of padded standard base64"),
        ContrastFiles.RefusalAndExpected(() => AttestResponse.ReadDocument("{}"u8.ToArray())));

    [Fact]
    public void Parse_TooLong_IsRefused() => Assert.Equal(
        ContrastChecks.DocumentFormat, ContrastFiles.Refusal(() => AttestationDocument.Parse(new byte[AttestationDocument.MaxSize + 1])));

    [ThirdPartyFact]
    public void Parse_ContrastsOwnSample_ReadsMembers()
    {
        JsonElement golden = VectorFiles.ThirdParty("contrast/golden/report-data.json").GetProperty("contrast_attestation_response_decode");

        // The sample's evidence is the word "content", which shows no kind: the reference does not look at it there.
        Assert.Equal(ContrastChecks.EvidenceFormat, ContrastFiles.Refusal(() => AttestationDocument.Parse(golden.Bytes("json"))));
        string withType = golden.Text("json").Replace("{\"raw", "{\"attestation_type\":[1,3,9901,2,1],\"raw");
        AttestationDocument document = AttestationDocument.Parse(Encoding.UTF8.GetBytes(withType));
        Assert.Equal(golden.Bytes("raw_attestation_doc_utf8"), document.Evidence.ToArray());
        Assert.Equal(golden.Items("manifests_utf8").Select(item => item.GetString()), document.Manifests.Select(item => Encoding.UTF8.GetString(item.Span)));
        Assert.Equal(golden.Bytes("root_ca_utf8"), document.RootAuthority.ToArray());
        Assert.Equal(golden.Bytes("mesh_ca_utf8"), document.MeshAuthority.ToArray());
    }

    [Theory]
    [InlineData("""{"AttestationDoc":"AQI="}""", true)]
    [InlineData(""" {"Other":1,"AttestationDoc":"AQI="} """, true)]
    [InlineData("""{"attestationDoc":"AQI="}""", false)]
    [InlineData("""{"AttestationDoc":"AQI=","attestationdoc":"AQM="}""", false)]
    [InlineData("""{"AttestationDoc":"AQI=","AttestationDoc":"AQI="}""", false)]
    [InlineData("""{"AttestationDoc":"AQI"}""", false)]
    [InlineData("""{"AttestationDoc":null}""", false)]
    [InlineData("""{"AttestationDoc":{}}""", false)]
    [InlineData("""{}""", false)]
    [InlineData("""[]""", false)]
    [InlineData("""{"AttestationDoc":"AQI="}{}""", false)]
    [InlineData("", false)]
    public void ReadDocument_Response_IsReadStrictly(string body, bool accepted)
    {
        ReadOnlyMemory<byte> document = default;
        string? refusal = ContrastFiles.Refusal(() => document = AttestResponse.ReadDocument(Encoding.UTF8.GetBytes(body)));
        Assert.Equal(accepted ? null : ContrastChecks.ResponseFormat, refusal);
        Assert.Equal(accepted ? [1, 2] : [], document.ToArray());
    }

    private static (string? Check, string? Expected) Refuse(JsonObject document) =>
        ContrastFiles.RefusalAndExpected(() => AttestationDocument.Parse(Encoding.UTF8.GetBytes(document.ToJsonString())));
}
