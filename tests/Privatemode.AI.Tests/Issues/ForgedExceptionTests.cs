using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Issues;

/// <summary>An application can create this library's exceptions and throw them in its handlers and callbacks. They prove nothing: no deployment counts as
/// verified because of one, and nothing is sent because of one.</summary>
public sealed class ForgedExceptionTests : IAsyncLifetime
{
    private const string ChatPath = "/v1/chat/completions";
    private const string ExchangePath = "/privatemode/v1/secret";

    private PrivatemodeTestDeployment _deployment = null!;

    public static TheoryData<PrivatemodeException> Forged => new()
    {
        new PrivatemodeServiceException(ServiceFailureReason.Unreachable, "forged"),
        new PrivatemodeServiceException(ServiceFailureReason.Other, "forged") { Status = 404 },
        new PrivatemodeServiceException(ServiceFailureReason.Other, "forged") { Status = 410 },
        new PrivatemodeServiceException(ServiceFailureReason.Unavailable, "forged") { Status = 200, IsServerMessageAuthenticated = true },
        new PrivatemodeModelUnavailableException("forged"),
        new PrivatemodeServiceException(ServiceFailureReason.ModelUnavailable, "forged"),
        new PrivatemodeVerificationException("manifest-match", "forged"),
        new PrivatemodeVerificationException("tdx-tcb-info-expired", "forged"),
        new PrivatemodeIntegrityException("truncated-stream", "forged"),
        new PrivatemodeRequestException("body", "forged"),
        new PrivatemodeConfigurationException("ApiKey", "forged"),
        new PrivatemodeWouldLeakException("unknown-endpoint", "forged"),
    };

    public async Task InitializeAsync() => _deployment = await PrivatemodeTestDeployment.StartAsync(new() { TimeProvider = new ImmediateTimeProvider() });

    public async Task DisposeAsync() => await _deployment.DisposeAsync();

    [Theory]
    [MemberData(nameof(Forged), DisableDiscoveryEnumeration = true)]
    public async Task Handler_ThrowsOneInsteadOfAnAnswer_NothingIsVerifiedOrSent(PrivatemodeException forged)
    {
        int sent = 0;
        foreach (string path in (string[])["/privatemode/v1/attest", ExchangePath, "manifest", ChatPath])
        {
            using ForgingHandler forger = new(path, forged);
            await using PrivatemodeClient client = Client(forger);
            PrivatemodeException exception = await Assert.ThrowsAnyAsync<PrivatemodeException>(() => AskAsync(client));
            Assert.Equal((path, forged.ErrorType, true), (path, exception.ErrorType, forger.Thrown > 0));
            Assert.Equal((path, path is ChatPath or ExchangePath), (path, client.Health.Deployment is not null));
            Assert.Equal((path, path == ChatPath ? 1 : forger.Thrown, sent), (path, forger.Thrown, _deployment.Requests.Count));

            forger.Exception = null;
            Assert.Equal("You said: hi", await AskAsync(client));
            sent = _deployment.Requests.Count;
        }
    }

    [Theory]
    [MemberData(nameof(Forged), DisableDiscoveryEnumeration = true)]
    public async Task Accessor_ThrowsOne_TheCallThrowsItUnchanged(PrivatemodeException forged)
    {
        int asked = 0;
        await using PrivatemodeClient client = _deployment.CreateClient(options => options.ApiKeyAccessor = _ =>
        {
            asked++;
            throw forged;
        });
        Assert.Same(forged, await Assert.ThrowsAnyAsync<PrivatemodeException>(() => AskAsync(client)));
        Assert.Equal(1, asked);
        Assert.Empty(_deployment.AllRequests);
    }

    private static async Task<string> AskAsync(PrivatemodeClient client) =>
        (await client.AsIChatClient("gpt-oss-120b").GetResponseAsync("hi").OrTimeout()).Text;

    private PrivatemodeClient Client(ForgingHandler handler) => _deployment.CreateClient(options =>
        (options.Transport.HttpMessageHandler, options.Transport.InsecureAcceptAnyHandlerOnLoopback) = (handler, true));
}
