using System.Text;
using Privatemode.AI.KeyExchange;

namespace Privatemode.AI.Tests.KeyExchange;

public class SecretExchangeResponseTests
{
    [Theory]
    [InlineData("""{"EncapsulatedKey":"AQI=","Signature":"Aw==","MeshCert":"BA=="}""")]
    [InlineData(""" { "MeshCert" : "BA==" , "Extra" : {"EncapsulatedKey":[]}, "Signature":"Aw==","EncapsulatedKey":"AQI=" } """)]
    [InlineData("""{"encapsulatedkey":"//8=","Encapsulated\u004bey":"AQI=","Signature":"Aw\u003d=","MeshCert":"BA=="}""")]
    public void Parse_EachMemberOnce_ReadsThem(string body)
    {
        SecretExchangeResponse response = SecretExchangeResponse.Parse(Encoding.UTF8.GetBytes(body));
        Assert.Equal([1, 2], response.EncapsulatedKey.ToArray());
        Assert.Equal([3], response.Signature.ToArray());
        Assert.Equal([4], response.MeshCertificate.ToArray());
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("\"EncapsulatedKey\"")]
    [InlineData("""{"EncapsulatedKey":"AQI=","Signature":"Aw=="}""")]
    [InlineData("""{"EncapsulatedKey":"AQI=","Signature":"Aw==","MeshCert":null}""")]
    [InlineData("""{"EncapsulatedKey":"AQI=","Signature":"Aw==","MeshCert":4}""")]
    [InlineData("""{"EncapsulatedKey":"AQI=","Signature":"Aw==","MeshCert":{"x":"BA=="}}""")]
    [InlineData("""{"EncapsulatedKey":"AQI=","Signature":"Aw==","MeshCert":"BA==","MeshCert":"BA=="}""")]
    [InlineData("""{"EncapsulatedKey":"AQI=","Signature":"Aw==","MeshCert":"BA==","Mesh\u0043ert":"BQ=="}""")]
    [InlineData("""{"EncapsulatedKey":"AQI=","Signature":"Aw==","MeshCert":"BA==","Extra":1,"Extra":2}""")]
    [InlineData("""{"EncapsulatedKey":"AQI=","Signature":"Aw==","MeshCert":"BA=="}{}""")]
    [InlineData("""{"EncapsulatedKey":"AQI=","Signature":"Aw==","MeshCert":"BA==",}""")]
    [InlineData("""{"EncapsulatedKey":"AQI=","Signature":"Aw==","MeshCert":"BA=="/* */}""")]
    [InlineData("""{"EncapsulatedKey":"AQI","Signature":"Aw==","MeshCert":"BA=="}""")]
    [InlineData("""{"EncapsulatedKey":"AQI= ","Signature":"Aw==","MeshCert":"BA=="}""")]
    [InlineData("""{"EncapsulatedKey":"A\tQI=","Signature":"Aw==","MeshCert":"BA=="}""")]
    [InlineData("""{"EncapsulatedKey":"AQJ=","Signature":"Aw==","MeshCert":"BA=="}""")] // stray bits after the last byte
    [InlineData("""{"EncapsulatedKey":"\ud800","Signature":"Aw==","MeshCert":"BA=="}""")]
    [InlineData("""{"\ud800":1,"EncapsulatedKey":"AQI=","Signature":"Aw==","MeshCert":"BA=="}""")]
    [InlineData("""{"EncapsulatedKey":"_-8=","Signature":"Aw==","MeshCert":"BA=="}""")]
    [InlineData("""{"EncapsulatedKey":"AQI=","Signature":"Aw==","MeshCert":"BA==","Deep":[[[[[[[[1]]]]]]]]}""")]
    public void Parse_AnythingElse_IsRefused(string body) => AssertRefused(Encoding.UTF8.GetBytes(body));

    [Theory]
    [InlineData("""{"Signature":"Aw==","MeshCert":"BA=="}""", "EncapsulatedKey")]
    [InlineData("""{"EncapsulatedKey":"AQI=","Signature":3,"MeshCert":"BA=="}""", "Signature")]
    [InlineData("""{"EncapsulatedKey":"AQI=","Signature":"Aw==","MeshCert":[4]}""", "MeshCert")]
    [InlineData("""{"EncapsulatedKey":"AQI=","Signature":"Aw==","MeshCert":"BA= ="}""", "MeshCert")]
    public void Parse_OneMemberMissingOrOfAnotherKind_NamesIt(string body, string member) =>
        Assert.Equal(
            $"member {member} as a string of padded standard base64",
            Assert.Throws<PrivatemodeVerificationException>(() => SecretExchangeResponse.Parse(Encoding.UTF8.GetBytes(body))).Expected);

    [Fact]
    public void Parse_ByteOrderMarkOrBadUtf8_IsRefused()
    {
        byte[] good = """{"EncapsulatedKey":"AQI=","Signature":"Aw==","MeshCert":"BA=="}"""u8.ToArray();
        AssertRefused([0xEF, 0xBB, 0xBF, .. good]);
        AssertRefused([.. "{\""u8, 0xFF, .. "\":1,"u8, .. good.AsSpan(1)]);
        AssertRefused([.. "{\"EncapsulatedKey\":\""u8, 0xFF, .. "\",\"Signature\":\"Aw==\",\"MeshCert\":\"BA==\"}"u8]);
    }

    private static void AssertRefused(byte[] body)
    {
        PrivatemodeVerificationException refusal =
            Assert.Throws<PrivatemodeVerificationException>(() => SecretExchangeResponse.Parse(body));
        Assert.Equal(KeyExchangeChecks.ResponseFormat, refusal.ErrorType);
    }
}
