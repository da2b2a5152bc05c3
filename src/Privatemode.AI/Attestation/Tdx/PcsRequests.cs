using System.Text;

namespace Privatemode.AI.Attestation.Tdx;

// Intel Provisioning Certification Service, version 4.

/// <summary>Where the collateral of a quote is: paths and queries, nothing is fetched here.</summary>
/// <param name="TcbInfo">At Intel's service, of the evaluation asked for; its chain is in <see cref="TcbInfoChainHeader"/>.</param>
/// <param name="QeIdentity">At Intel's service, always the newest; its chain is in <see cref="QeIdentityChainHeader"/>.</param>
/// <param name="PckCrl">At Intel's service; its chain is in <see cref="PckCrlChainHeader"/>.</param>
/// <param name="RootCrl">At Intel's certificate server.</param>
internal sealed record PcsRequests(string TcbInfo, string QeIdentity, string PckCrl, string RootCrl)
{
    /// <summary>The quote that the files are for.</summary>
    public ReadOnlyMemory<byte> Quote { get; init; }

    /// <summary>The evaluation asked for; 0 for the newest.</summary>
    public required int EvaluationDataNumber { get; init; }

    /// <summary>Intel's newest TCB info; the same as <see cref="TcbInfo"/> if no evaluation is asked for.</summary>
    public string NewestTcbInfo => TcbInfo.IndexOf($"&{EvaluationParameter}=", StringComparison.Ordinal) is var end and >= 0 ? TcbInfo[..end] : TcbInfo;

    /// <summary>The QE identity of the evaluation asked for: only for when the newest is below it.</summary>
    public string QeIdentityOfEvaluation => $"{QeIdentity}?{EvaluationParameter}={EvaluationDataNumber}";

    public const string TcbInfoChainHeader = "TCB-Info-Issuer-Chain";
    public const string QeIdentityChainHeader = "SGX-Enclave-Identity-Issuer-Chain";
    public const string PckCrlChainHeader = "SGX-PCK-CRL-Issuer-Chain";

    private const string EvaluationParameter = "tcbEvaluationDataNumber";

    /// <summary>What is needed to judge a platform.</summary>
    /// <param name="platform">What the PCK certificate says. It is verified: no address is made of what anybody may have written.</param>
    /// <param name="evaluationDataNumber">Ask for the TCB info of this evaluation instead of the newest standard one; 0 for the newest.</param>
    public static PcsRequests For(PckExtensions platform, int evaluationDataNumber = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(evaluationDataNumber);
        string fmspc = TdxFailure.Hex(platform.Fmspc.Span);
        string evaluation = evaluationDataNumber > 0 ? $"&{EvaluationParameter}={evaluationDataNumber}" : "";
        return new PcsRequests(
            $"/tdx/certification/v4/tcb?fmspc={fmspc}{evaluation}",
            "/tdx/certification/v4/qe/identity",
            "/sgx/certification/v4/pckcrl?ca=platform&encoding=der", // the only CA that PckChain accepts
            "/IntelSGXRootCA.der")
        {
            EvaluationDataNumber = evaluationDataNumber,
        };
    }

    /// <summary>Decodes the chain in a header of Intel's service: PEM, percent-encoded. What it holds is judged with the collateral.</summary>
    public static byte[] DecodeChain(string header) => Encoding.UTF8.GetBytes(Uri.UnescapeDataString(header.Replace('+', ' ')));
}
