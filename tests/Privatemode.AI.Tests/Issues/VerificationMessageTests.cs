using System.Globalization;
using Privatemode.AI.Diagnostics;
using Privatemode.AI.IntegrationTests.Canary;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Issues;

/// <summary>Logs often have only the message of an exception: it must say which check failed, with its values, and fit that check.</summary>
public sealed class VerificationMessageTests : IAsyncLifetime
{
    private DeploymentScene _scene = null!;

    public async Task InitializeAsync() => _scene = await DeploymentScene.StartAsync(hasCertificates: true);

    public async Task DisposeAsync() => await _scene.DisposeAsync();

    [Fact]
    public async Task Message_DebuggingIsOn_NamesTheCheckAndBothValuesAndNoOtherCause()
    {
        _scene.Deployment.Evidence.Defect = EvidenceDefect.SnpDebug;
        PrivatemodeVerificationException exception = await RefusedAsync();
        Assert.Equal(
            "The deployment's SEV-SNP evidence is authentic, but has a value that is not allowed (snp-guest-debug: expected off, found on). " +
            "Do not send anything.",
            exception.Message);
        Assert.Contains("(snp-guest-debug: expected off, found on)", exception.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Message_EvidenceIsForAnotherNonce_SaysSo()
    {
        _scene.Deployment.Evidence.Defect = EvidenceDefect.WrongNonce;
        PrivatemodeVerificationException exception = await RefusedAsync();
        Assert.Contains("another nonce", exception.Message, StringComparison.Ordinal);
        Assert.Contains($"(snp-report-data: expected {exception.Expected}, found {exception.Found})", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Message_HardwareIsNotAllowedByThePolicy_NamesThePolicy()
    {
        PrivatemodeVerificationException exception = await RefusedAsync(
            options => options.Verification.Hardware = HardwarePolicy.Default with { AllowedAmdProducts = [AmdProduct.Milan] });
        Assert.Contains("HardwarePolicy does not allow (option-allowed-product: expected Milan, found Genoa)", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Message_ManifestIsNotApproved_NamesTheManifest()
    {
        PrivatemodeVerificationException exception = await RefusedAsync(
            options => options.Verification.Manifest = ManifestPolicy.RequireApproval((_, _) => new(false)));
        Assert.Contains($"(manifest-approval: found {exception.Found})", exception.Message, StringComparison.Ordinal);
        Assert.Equal(64, exception.Found!.Length);
    }

    [Fact]
    public async Task Message_InTheLogOfTheWarmUp_NamesTheCheckAndBothValues()
    {
        CapturingLoggerFactory logs = new();
        _scene.Deployment.Evidence.Defect = EvidenceDefect.SnpDebug;
        PrivatemodeVerificationException exception = await RefusedAsync();
        new ClientEvents(logs, _scene.Deployment.Endpoint).WarmUpFailed(exception);
        Assert.Contains("(snp-guest-debug: expected off, found on)", Assert.Single(logs.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public void Message_ValuesAreLongOrUnprintable_IsBoundedAndOneLine()
    {
        string hostile = "\u001b[2K\r\nforged" + new string('x', 100_000);
        string message = PrivatemodeVerificationException.Create("any-check", "It failed. Do not send anything.", hostile, hostile).Message;
        Assert.InRange(message.Length, 400, 500);
        Assert.DoesNotContain(message, char.IsControl);
        Assert.StartsWith("It failed (any-check: expected ", message, StringComparison.Ordinal);
        Assert.EndsWith("…). Do not send anything.", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, null, "It failed (any-check).")]
    [InlineData("a", null, "It failed (any-check: expected a).")]
    [InlineData(null, "b", "It failed (any-check: found b).")]
    public void Message_ValuesAreUnknown_NamesTheCheck(string? expected, string? found, string message) =>
        Assert.Equal(message, PrivatemodeVerificationException.Create("any-check", "It failed.", expected, found).Message);

    [Theory]
    [InlineData(2, "1 more difference")]
    [InlineData(3, "2 more differences")]
    public void Message_SeveralDifferences_SaysHowMany(int count, string more)
    {
        VerificationMismatch[] mismatches =
            [.. Enumerable.Range(1, count).Select(i => new VerificationMismatch { Check = $"check-{i.ToString(CultureInfo.InvariantCulture)}", Found = "b" })];
        Assert.Equal($"It failed (check-1: found b; {more}).", PrivatemodeVerificationException.FromMismatches("It failed.", mismatches).Message);
    }

    [Fact]
    public void Message_OfAnExceptionOfTheApplication_IsUnchanged() =>
        Assert.Equal("mine", new PrivatemodeVerificationException("any-check", "mine") { Expected = "a", Found = "b" }.Message);

    private async Task<PrivatemodeVerificationException> RefusedAsync(Action<PrivatemodeOptions>? configure = null)
    {
        await using PrivatemodeClient client = _scene.Client(configure);
        return await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => client.VerifyAsync().OrTimeout());
    }
}
