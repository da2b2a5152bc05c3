using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Privatemode.AI.Tests.Receipts;

/// <summary>A receipt survives every way it is kept, and nothing else is taken for one.</summary>
public sealed class EncryptionReceiptTests
{
    private static readonly EncryptionReceipt Receipt = new()
    {
        IsVerified = true,
        SecretId = "id",
        ManifestSha256 = new string('a', 64),
        VerifiedAt = new DateTimeOffset(2026, 5, 4, 3, 2, 1, TimeSpan.Zero),
        RequestId = "request",
        EncryptedMembers = ["messages", "tools"],
        ClearMembers = ["model"],
    };

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("\ud800")]
    [InlineData("{\"secretId\":\"\ud800\"}")]
    [InlineData("{\"secretId\":null}")]
    [InlineData("{\"secretId\":\"a\",\"manifestSha256\":\"b\",\"verifiedAt\":\"yesterday\"}")]
    public void TryParse_AnythingElse_IsFalse(string? text)
    {
        Assert.False(EncryptionReceipt.TryParse(text, out EncryptionReceipt? receipt));
        Assert.Null(receipt);
    }

    [Fact]
    public void TryParse_WhatWasWritten_IsTheSame()
    {
        Assert.True(EncryptionReceipt.TryParse(Receipt.ToJson(), out EncryptionReceipt? receipt));
        Assert.Equal(Receipt, receipt);
    }

    [Fact]
    public void ToJson_OfRealRoots_HasNoMemberAboutTests()
    {
        Assert.False(Receipt.IsInsecureLoopback);
        Assert.DoesNotContain("insecure", Receipt.ToJson(), StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("test", Receipt.ToString(), StringComparison.OrdinalIgnoreCase);
        Assert.Null(EncryptionReceipt.ParseOrNull(Receipt.ToJson()[..^1] + ",\"insecureLoopback\":\"no\"}"));
    }

    [Fact]
    public void TryParse_MembersOfALaterVersion_AreKept()
    {
        string later = $$"""{{Receipt.ToJson()[..^1]}},"signature":{"kid":"\u00e4","values":[1.50,null,true]},"sealedMember":[],"tee":"SEV-9"}""";
        EncryptionReceipt receipt = EncryptionReceipt.ParseOrNull(later)!;
        Assert.Equal(Receipt.EncryptedMembers, receipt.EncryptedMembers);
        Assert.Equal(later, receipt.ToJson());
        Assert.Equal(receipt, EncryptionReceipt.ParseOrNull(receipt.ToJson()));
        Assert.NotEqual(Receipt, receipt);
    }

    [Fact]
    public void TryParse_ValuesOfALaterVersion_AreKept()
    {
        EncryptionReceipt receipt = Receipt with { SecretId = "sha3:é", ManifestSha256 = "later", RequestId = "", EncryptedMembers = ["messages[0]", "é"] };
        Assert.Equal(receipt, EncryptionReceipt.ParseOrNull(receipt.ToJson()));
    }

    [Fact]
    public void Unverified_SaysSoAndHasNoFactOfAnEncryptedRequest()
    {
        EncryptionReceipt receipt = EncryptionReceipt.Unverified("request", ["model", "messages"]);
        Assert.StartsWith("Not verified by this client: request request was sent unencrypted", receipt.ToString(), StringComparison.Ordinal);
        Assert.False(receipt.IsVerified);
        Assert.Equal((null, null, null), (receipt.SecretId, receipt.ManifestSha256, receipt.VerifiedAt));
        Assert.Empty(receipt.EncryptedMembers);
        Assert.Equal(["model", "messages"], receipt.ClearMembers);
        Assert.False(EncryptionReceipt.Unverified("request", []).IsWholeBodyEncrypted);
        Assert.NotEqual(receipt, receipt with { RequestId = "other" });
        EncryptionReceipt same = Receipt with { RequestId = receipt.RequestId, EncryptedMembers = [], ClearMembers = receipt.ClearMembers };
        Assert.NotEqual(same, receipt with { SecretId = same.SecretId, ManifestSha256 = same.ManifestSha256, VerifiedAt = same.VerifiedAt });
    }

    [Fact]
    public void Unverified_AsText_IsReadAsUnverifiedOnly()
    {
        EncryptionReceipt receipt = EncryptionReceipt.Unverified("request", ["model"]);
        using JsonDocument json = JsonDocument.Parse(receipt.ToJson());
        Assert.Equal(
            ["verified", "statement", "requestId", "encryptedMembers", "clearMembers"], json.RootElement.EnumerateObject().Select(member => member.Name));
        Assert.Equal("not verified by this client", json.RootElement.GetProperty("statement").GetString());
        Assert.Equal(receipt, EncryptionReceipt.ParseOrNull(receipt.ToJson()));

        // Facts added to the text do not make it one of an encrypted request.
        EncryptionReceipt forged = EncryptionReceipt.ParseOrNull($"{{\"verified\":false,{Receipt.ToJson()[1..]}")!;
        Assert.False(forged.IsVerified);
        Assert.Null(forged.SecretId);
        Assert.Null(EncryptionReceipt.ParseOrNull(receipt.ToJson().Replace("\"verified\":false", "\"verified\":true", StringComparison.Ordinal)));
        Assert.Null(EncryptionReceipt.ParseOrNull(receipt.ToJson().Replace("\"verified\":false", "\"verified\":\"no\"", StringComparison.Ordinal)));
        Assert.True(EncryptionReceipt.ParseOrNull(Receipt.ToJson())!.IsVerified);
    }

    [Fact]
    public void Serializer_ThatSkipsWhatIsNotPublic_MakesNoVerifiedReceipt() =>
        Assert.False(((EncryptionReceipt)Activator.CreateInstance(typeof(EncryptionReceipt), nonPublic: true)!).IsVerified);

    [Fact]
    public void With_WithoutAFactOfTheVerification_IsNotVerified()
    {
        EncryptionReceipt[] receipts = [Receipt with { SecretId = null }, Receipt with { ManifestSha256 = null }, Receipt with { VerifiedAt = null }];
        Assert.All(receipts, receipt => Assert.False(receipt.IsVerified));
        Assert.All(receipts, receipt => Assert.False(EncryptionReceipt.ParseOrNull(receipt.ToJson())!.IsVerified));
        EncryptionReceipt unverified = EncryptionReceipt.Unverified("request", ["model"]);
        Assert.False((unverified with { SecretId = "id", ManifestSha256 = "m", VerifiedAt = default(DateTimeOffset) }).IsVerified);
    }

    [Theory]
    [InlineData("\"verified\":false,")]
    [InlineData("\"requestId\":\"other\",")]
    [InlineData("\"encryptedMembers\":[],")]
    [InlineData("\"\\u0076erified\":false,\"verified\":true,")]
    public void TryParse_NameTwice_IsNoReceipt(string first)
    {
        string added = first.StartsWith("\"verified", StringComparison.Ordinal) ? $"{first}\"verified\":true," : first;
        Assert.Null(EncryptionReceipt.ParseOrNull($"{{{added}{Receipt.ToJson()[1..]}"));
    }

    [Fact]
    public void ToString_IsAStatementOfTheClients() =>
        Assert.StartsWith("This client states: request request (messages, tools)", Receipt.ToString(), StringComparison.Ordinal);

    [Fact]
    public void ToString_NothingInTheClear_SaysSo() => Assert.EndsWith(
        " In the clear: no member.", (Receipt with { EncryptedMembers = [], ClearMembers = [] }).ToString(), StringComparison.Ordinal);

    [Fact]
    public void GetReceipt_AlsoAfterADetourOverJson()
    {
        using JsonDocument detour = JsonDocument.Parse($"\"{JsonEncodedText.Encode(Receipt.ToJson())}\"");
        foreach (object value in (object[])[Receipt.ToJson(), detour.RootElement])
        {
            AdditionalPropertiesDictionary properties = new() { [EncryptionReceipt.PropertyName] = value };
            Assert.Equal(Receipt, new ChatResponse { AdditionalProperties = properties }.GetPrivatemodeReceipt());
            Assert.Equal(Receipt, new ChatResponseUpdate { AdditionalProperties = properties }.GetPrivatemodeReceipt());
            ChatMessage message = new(ChatRole.Assistant, "x") { AdditionalProperties = properties };
            Assert.Equal(Receipt, new ChatResponse([new(ChatRole.Assistant, "y"), message]).GetPrivatemodeReceipt());
        }
    }

    [Fact]
    public void GetReceipt_AnswerOfAnotherClient_IsNull()
    {
        Assert.Null(new ChatResponse().GetPrivatemodeReceipt());
        Assert.Null(new ChatResponseUpdate { AdditionalProperties = new() { [EncryptionReceipt.PropertyName] = null } }.GetPrivatemodeReceipt());
        Assert.Throws<ArgumentNullException>(() => ((ChatResponse)null!).GetPrivatemodeReceipt());
        Assert.Throws<ArgumentNullException>(() => ((ChatResponseUpdate)null!).GetPrivatemodeReceipt());
    }
}
