using Privatemode.AI.Pipeline.Calls;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Models;

/// <summary>A host that serves several accounts: what one learns about the models is nothing to another.</summary>
public sealed class ModelsOfTenantsTests
{
    private static readonly AsyncLocal<string?> Tenant = new();

    private readonly ManualTimeProvider _time = new();
    private readonly List<string?> _asked = [];
    private readonly Dictionary<string, string> _offers = [];
    private readonly ModelCatalog _catalog;

    public ModelsOfTenantsTests() => _catalog = new ModelCatalog(new ApiKeys(TenantsKeyAsync, TimeSpan.FromMinutes(10), _time), 2, DownloadAsync, _time);

    [Fact]
    public async Task List_RevokedAndGoodKeyAtOnce_EachMeetsItsOwnAnswer()
    {
        PrivatemodeTestDeploymentOptions settings = new() { TimeProvider = new ImmediateTimeProvider() };
        settings.AdditionalApiKeys.Add("good");
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync(settings);
        await using PrivatemodeClient client = deployment.CreateClient(options => options.ApiKeyAccessor = TenantsKeyAsync);

        Task<IReadOnlyList<ModelInfo>> revoked = As("revoked", () => client.Models.ListAsync());
        Task<IReadOnlyList<ModelInfo>> good = As("good", () => client.Models.ListAsync());

        await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => revoked.OrTimeout());
        Assert.NotEmpty(await good.OrTimeout());

        // Nor does the refused one get what is kept for the other.
        await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => As("revoked", () => client.Models.FindAsync("gpt-oss-120b")).OrTimeout());
        Assert.Equal("Bearer good", Assert.Single(deployment.AllRequests, request => request.PathAndQuery == "/v1/models").Headers["Authorization"]);
    }

    [Fact]
    public async Task List_CallerIsGoneWhileItIsRead_IsReadUnderTheKeyItWasAskedWith()
    {
        PrivatemodeTestDeploymentOptions settings = new() { TimeProvider = new ImmediateTimeProvider() };
        settings.AdditionalApiKeys.Add("key-a");
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync(settings);
        Queue<string?> keys = new(["key-a"]);
        await using PrivatemodeClient client = deployment.CreateClient(options => options.ApiKeyAccessor = _ => new(keys.Count > 0 ? keys.Dequeue() : null));
        deployment.Faults.InjectIntoModelList(Fault.UnencryptedError(503));

        Assert.NotEmpty(await client.Models.ListAsync().OrTimeout());

        Assert.Equal(
            ["Bearer key-a", "Bearer key-a"],
            deployment.AllRequests.Where(request => request.PathAndQuery == "/v1/models").Select(request => request.Headers["Authorization"]));
    }

    [Fact]
    public async Task List_IsCachedForEachKey_LeastRecentlyUsedIsEvicted()
    {
        foreach (string key in (string[])["a", "b", "a", "b", "a", "c", "a", "b"])
        {
            Assert.Equal("model-of-" + key, Assert.Single(await ListAsync(key)).Id);
        }

        Assert.Equal(["a", "b", "c", "b"], _asked);
    }

    [Fact]
    public async Task List_KeysThatTheServiceRejects_OtherCallersKeepTheirLists()
    {
        _ = await ListAsync("a");
        foreach (string key in (string[])["rejected-1", "rejected-2", "rejected-3"])
        {
            await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => ListAsync(key));
        }

        _ = await ListAsync("a");
        Assert.Single(_asked, key => key == "a");
    }

    [Fact]
    public async Task Changed_ComparesReadingsOfOneKey_OutsideOfItsContext()
    {
        List<(string Model, string? Tenant)> told = [];
        _catalog.Changed += (_, change) => told.Add((Assert.Single(change.Added).Id, Tenant.Value));
        await ListAsync("a");
        await ListAsync("b");
        Assert.Empty(told);

        _offers["b"] = "newer";
        _time.Advance(TimeSpan.FromMinutes(10));
        await ListAsync("a");
        await ListAsync("b");

        Assert.Equal([("newer", null)], told);
    }

    [Fact]
    public async Task Explain_ModelUnavailable_SaysWhatTheCallersKeyIsOffered()
    {
        PrivatemodeServiceException gone = new(ServiceFailureReason.ModelUnavailable, "No such model.");
        await ListAsync("a");
        Task<Exception> explaining = As("b", () => _catalog.ExplainAsync(gone, null, CancellationToken.None));
        Assert.Equal(["model-of-b"], Assert.IsType<PrivatemodeModelUnavailableException>(await explaining.OrTimeout()).AvailableModelIds);

        explaining = As(null, () => _catalog.ExplainAsync(gone, null, CancellationToken.None));
        Assert.Empty(Assert.IsType<PrivatemodeModelUnavailableException>(await explaining.OrTimeout()).AvailableModelIds);
    }

    [Fact]
    public async Task Explain_AccessorDoesNotReturn_IsLeftAfterFiveSeconds()
    {
        ModelCatalog catalog = new(
            new ApiKeys(_ => new(new TaskCompletionSource<string?>().Task), TimeSpan.FromMinutes(10), _time), 2, DownloadAsync, _time);
        PrivatemodeServiceException gone = new(ServiceFailureReason.ModelUnavailable, "No such model.");
        Task<Exception> explaining = catalog.ExplainAsync(gone, null, CancellationToken.None);
        Assert.False(explaining.IsCompleted);

        _time.Advance(TimeSpan.FromSeconds(5));

        Assert.IsType<PrivatemodeModelUnavailableException>(await explaining.OrTimeout());
    }

    [Fact]
    public async Task List_WithoutAKey_IsAConfigurationExceptionOfTheTask()
    {
        Task<IReadOnlyList<ModelInfo>> listing = As(null, () => _catalog.ListAsync());
        Assert.Equal("ApiKeyAccessor", (await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => listing)).Setting);
    }

    private static ValueTask<string?> TenantsKeyAsync(CancellationToken cancellationToken) => new(Tenant.Value);

    private static Task<T> As<T>(string? tenant, Func<Task<T>> call)
    {
        Tenant.Value = tenant;
        return call();
    }

    private Task<IReadOnlyList<ModelInfo>> ListAsync(string key) => As(key, () => _catalog.ListAsync()).OrTimeout();

    private Task<IReadOnlyList<ModelInfo>> DownloadAsync(string? apiKey)
    {
        _asked.Add(apiKey);
        if (apiKey!.StartsWith("rejected", StringComparison.Ordinal))
        {
            return Task.FromException<IReadOnlyList<ModelInfo>>(new PrivatemodeConfigurationException("ApiKey", "rejected"));
        }

        ModelInfo model = new() { Id = _offers.GetValueOrDefault(apiKey, "model-of-" + apiKey) };
        return Task.FromResult<IReadOnlyList<ModelInfo>>([model]);
    }
}
