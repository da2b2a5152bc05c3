using System.Net;
using Microsoft.AspNetCore.Builder;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.AspNetCore.Tests.Hosting;

/// <summary>The proxy below a path of an application.</summary>
public sealed class PrefixTests : ProxyTest
{
    [Fact]
    public async Task MapPrivatemode_WithAPrefix_ServesAllBelowItOnly()
    {
        foreach (string path in (string[])["/ai/healthz", "/ai/readyz", "/ai/verification", "/ai/v1/models", "/ai/metrics"])
        {
            using HttpResponseMessage found = await Http.GetAsync(path).OrTimeout();
            Assert.Equal((path, HttpStatusCode.OK), (path, found.StatusCode));
        }

        using HttpResponseMessage chat = await Http.PostAsync("/ai" + ChatPath, Json(ChatBody())).OrTimeout();
        Assert.Equal(HttpStatusCode.OK, chat.StatusCode);
        using HttpResponseMessage elsewhere = await Http.PostAsync(ChatPath, Json(ChatBody())).OrTimeout();
        Assert.Equal(HttpStatusCode.NotFound, elsewhere.StatusCode);
    }

    protected override void Map(WebApplication app)
    {
        _ = app.UseRouting();
        _ = app.MapPrivatemode("/ai");
    }
}
