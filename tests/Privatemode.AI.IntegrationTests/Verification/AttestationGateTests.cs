using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Verification;

/// <summary>With anything wrong in the evidence nothing is sent after it was asked for, and the exception says what was wrong.</summary>
public sealed class AttestationGateTests
{
    private static readonly string[] BeforeVerification =
    [
        "/privatemode/v1/attest", "/privatemode/v2/manifest.json", "/vcek/", "/tdx/certification/", "/sgx/certification/", "/IntelSGXRootCA.der",
    ];

    public static TheoryData<string, EvidenceKind> Defects
    {
        get
        {
            TheoryData<string, EvidenceKind> defects = [];
            foreach (EvidenceKind kind in Enum.GetValues<EvidenceKind>())
            {
                foreach (EvidenceDefect defect in EvidenceDefect.All.Where(defect => defect.AppliesTo(kind)))
                {
                    defects.Add(defect.Name, kind);
                }
            }

            return defects;
        }
    }

    [Theory]
    [MemberData(nameof(Defects))]
    public async Task Chat_DefectInTheEvidence_NothingIsSentAfterIt(string name, EvidenceKind kind)
    {
        EvidenceDefect defect = EvidenceDefect.FromName(name);
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        (deployment.Evidence.Kind, deployment.Evidence.Defect) = (kind, defect);
        await using PrivatemodeClient client = deployment.CreateClient();
        Exception? failure = await Record.ExceptionAsync(() => client.AsIChatClient("gpt-oss-120b").GetResponseAsync([new(ChatRole.User, "hi")])).OrTimeout();
        string expected = GateExpectations.Of(name, kind);
        if (expected == GateExpectations.Accepted)
        {
            Assert.Null(failure);
            return;
        }

        Assert.Equal((name, expected), (name, NameOf(failure)));
        Assert.All(deployment.AllRequests, request => Assert.Contains(
            BeforeVerification, path => request.PathAndQuery.StartsWith(path, StringComparison.Ordinal)));

        // A manifest is refused before anything is asked. A verdict is final for its evidence; a service that is away is asked again.
        int attestations = deployment.AllRequests.Count(request => request.PathAndQuery == "/privatemode/v1/attest");
        bool refusedBefore = attestations == 0 && expected.StartsWith("manifest-", StringComparison.Ordinal);
        Assert.True(refusedBefore || attestations == 1 || (expected == GateExpectations.ServiceFailure && attestations <= 3), $"{attestations} attestations");
        Assert.Empty(deployment.Requests);
        Assert.Equal(0, deployment.KeyExchangeCount);
    }

    private static string NameOf(Exception? failure) => failure switch
    {
        PrivatemodeVerificationException refused => refused.ErrorType,
        PrivatemodeServiceException => GateExpectations.ServiceFailure,
        _ => $"{failure}",
    };
}
