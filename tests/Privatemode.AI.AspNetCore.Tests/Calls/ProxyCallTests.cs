using System.Net;
using System.Text.Json;
using Privatemode.AI.AspNetCore.Tests.Hosting;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.AspNetCore.Tests.Calls;

/// <summary>How a request passes through the proxy and its answer comes back.</summary>
public sealed class ProxyCallTests : ProxyTest
{
    [Fact]
    public async Task Chat_Whole_IsAnsweredWithItsLength()
    {
        using HttpResponseMessage answer = await Http.PostAsync(ChatPath, Json(ChatBody())).OrTimeout();
        string text = await answer.Content.ReadAsStringAsync();
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        using JsonDocument document = JsonDocument.Parse(text);
        Assert.Equal("You said: hi", document.RootElement.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
        Assert.Equal(text.Length, answer.Content.Headers.ContentLength);
    }
}
