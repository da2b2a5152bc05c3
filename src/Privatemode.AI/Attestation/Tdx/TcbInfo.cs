using System.Text.Json;

namespace Privatemode.AI.Attestation.Tdx;

/// <summary>What Intel says about a family of platforms. Read from bytes whose signature has been verified.</summary>
internal sealed record TcbInfo(
    DateTimeOffset IssueDate,
    DateTimeOffset NextUpdate,
    byte[] Fmspc,
    byte[] PceId,
    int EvaluationDataNumber,
    TdxModule Module,
    IReadOnlyList<TdxModuleIdentity> ModuleIdentities,
    IReadOnlyList<TcbLevel> Levels)
{
    /// <summary>Name of the signed member.</summary>
    public const string Name = "tcbInfo";

    private const int Version = 3;
    private const int TcbType = 0;
    private const int FmspcSize = 6;
    private const int PceIdSize = 2;

    /// <summary>Reads the document from an answer of Intel's service. Its dates and what it is about are not checked.</summary>
    /// <exception cref="PrivatemodeVerificationException">It is not signed, is about something else, or is malformed.</exception>
    public static TcbInfo ReadSigned(ReadOnlyMemory<byte> answer, CollateralSigner signer)
    {
        using SignedDocument document = SignedDocument.Parse(answer, Name, TdxChecks.TcbInfoFormat);
        signer.CheckSignature(document, Name, TdxChecks.TcbInfoSignature);
        return Read(document.Content);
    }

    /// <exception cref="PrivatemodeVerificationException">It is about something else, or malformed.</exception>
    public static TcbInfo Read(JsonElement content)
    {
        try
        {
            // First, because the same name over another version or technology has other members.
            if (!content.ReadText("id").SequenceEqual("TDX"u8)
                || content.ReadInteger("version", int.MaxValue) != Version
                || content.ReadInteger("tcbType", int.MaxValue) != TcbType)
            {
                throw TdxFailure.Collateral(
                    TdxChecks.TcbInfoKind, "Intel's tcbInfo is about something else", $"TDX, version {Version}, type {TcbType}");
            }

            return new TcbInfo(
                content.ReadDate("issueDate"),
                content.ReadDate("nextUpdate"),
                content.ReadHex("fmspc", FmspcSize),
                content.ReadHex("pceId", PceIdSize),
                content.ReadInteger("tcbEvaluationDataNumber", int.MaxValue),
                TdxModule.Read(content.ReadObject("tdxModule")),
                TdxModuleIdentity.ReadAll(content),
                TcbLevel.ReadAll(content));
        }
        catch (Exception exception) when (CollateralJson.IsMalformed(exception))
        {
            throw TdxFailure.Collateral(TdxChecks.TcbInfoFormat, "Intel's tcbInfo lacks a member or has one of another type");
        }
    }

    /// <summary>Refuses it outside its time; both ends belong to it.</summary>
    /// <exception cref="PrivatemodeVerificationException">It is from the future, or should have been replaced.</exception>
    public void CheckDates(DateTimeOffset at) =>
        CollateralDates.Check(Name, IssueDate, NextUpdate, at, TdxChecks.TcbInfoNotYetValid, TdxChecks.TcbInfoExpired);

    /// <summary>Refuses it for another family of platforms.</summary>
    /// <exception cref="PrivatemodeVerificationException">The PCK certificate names another family or provisioning enclave.</exception>
    public void CheckBelongsTo(PckExtensions platform)
    {
        if (!platform.Fmspc.Span.SequenceEqual(Fmspc))
        {
            throw TdxFailure.Collateral(
                TdxChecks.TcbInfoFmspc,
                "Intel's tcbInfo is about another family of platforms",
                TdxFailure.Hex(platform.Fmspc.Span),
                TdxFailure.Hex(Fmspc));
        }

        if (!platform.PceId.Span.SequenceEqual(PceId))
        {
            throw TdxFailure.Collateral(
                TdxChecks.TcbInfoPceId,
                "Intel's tcbInfo is about another provisioning enclave",
                TdxFailure.Hex(platform.PceId.Span),
                TdxFailure.Hex(PceId));
        }
    }
}
