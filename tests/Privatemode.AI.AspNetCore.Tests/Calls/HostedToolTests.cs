using System.Net;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Privatemode.AI.AspNetCore.Tests.Hosting;

namespace Privatemode.AI.AspNetCore.Tests.Calls;

/// <summary>Hosted tools when the account leaves them out and the proxy has its default.</summary>
public sealed class HostedToolTests : ProxyTest
{
    protected override void ConfigureServices(IServiceCollection services) =>
        services.AddPrivatemode(options => options.Responses.HostedTools = HostedToolPolicy.LeaveOut);

    [Theory]
    [InlineData("/v1/responses", """{"model":"gpt-oss-120b","input":"hi","tools":[{"type":"web_search"}]}""")]
    [InlineData(
        "/v1/messages",
        """{"model":"gpt-oss-120b","max_tokens":9,"messages":[{"role":"user","content":"hi"}],"tools":[{"type":"web_search_20250305","name":"web_search"}]}""")]
    public async Task Account_LeavesOutHostedTools_BothApisDo(string path, string body)
    {
        using StringContent content = new(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await Http.PostAsync(path, content);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        string types = Assert.Single(answer.Headers.GetValues(PrivatemodeHttpMessageHandler.LeftOutToolsHeaderName));
        Assert.StartsWith("web_search", types, StringComparison.Ordinal);
    }
}
