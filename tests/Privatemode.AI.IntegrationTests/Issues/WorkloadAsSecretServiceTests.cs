using Microsoft.Extensions.AI;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Issues;

/// <summary>Every workload of a deployment has a certificate of its mesh CA. Only that of the secret service may take part in the key exchange.</summary>
public sealed class WorkloadAsSecretServiceTests : DeploymentTest
{
    [Theory]
    [InlineData("continuum-etcd-client", "workload-gpt-oss-120b", "*")]
    [InlineData("coordinator", "*")]
    [InlineData("*")]
    [InlineData("somebody-else")]
    [InlineData]
    public async Task WorkloadOfTheMesh_AnswersTheKeyExchange_IsRefusedAndGetsNoPrompt(params string[] names)
    {
        Deployment.SetSecretServiceDnsNames(names);

        Exception? failure = await AskAsync();

        PrivatemodeVerificationException refusal = Assert.IsType<PrivatemodeVerificationException>(failure);
        Assert.Equal("mesh-certificate-name", refusal.ErrorType);
        Assert.Empty(Deployment.Requests);
    }

    [Theory]
    [InlineData("root")]
    [InlineData("Secret-Service", "not-in-the-manifest")]
    [InlineData("*", "secret-service-internal.privatemode-test.svc.cluster.local")]
    public async Task CertificateWithoutWildcardOrAllNames_AnswersTheKeyExchange_IsAccepted(params string[] names)
    {
        Deployment.SetSecretServiceDnsNames(names);

        Assert.Equal("You said: hi", (await Chat.GetResponseAsync("hi").OrTimeout()).Text);
    }

    [Fact]
    public async Task OptionForUnnamedWorkloads_CertificateWithoutNames_IsAcceptedAndOneWithOtherNamesIsNot()
    {
        await using PrivatemodeClient client = Deployment.CreateClient(options => options.Verification.DangerousAcceptAnyUnnamedWorkloadAsSecretService = true);
        Deployment.SetSecretServiceDnsNames("workload-gpt-oss-120b", "*");
        _ = await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => client.ConnectAsync()).OrTimeout();
        Deployment.SetSecretServiceDnsNames();
        await client.ConnectAsync().OrTimeout();
    }
}
