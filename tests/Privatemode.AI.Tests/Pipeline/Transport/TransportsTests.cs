using System.Net;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Pipeline.Transport;

/// <summary>The client's own transport: nothing a server says makes it send more than it was asked to.</summary>
public sealed class TransportsTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Get_ServerSetsACookie_ItIsNotSentBack(bool async)
    {
        await using RawServer server = new("HTTP/1.1 200 OK", "Set-Cookie: session=4711; Path=/");
        await GetTwiceAsync(server.Address, async);
        Assert.Equal(2, server.Heads.Count);
        Assert.DoesNotContain(server.Heads, head => head.Contains("Cookie", StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Get_ServerRedirects_TheOtherServerHearsNothing(bool async)
    {
        await using RawServer other = new("HTTP/1.1 200 OK");
        await using RawServer server = new("HTTP/1.1 307 Temporary Redirect", $"Location: {other.Address}");
        await GetTwiceAsync(server.Address, async, HttpStatusCode.TemporaryRedirect);
        Assert.Equal(2, server.Heads.Count);
        Assert.Empty(other.Heads);
    }

    private static async Task GetTwiceAsync(Uri address, bool async, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using HttpClient http = HttpTransports.Create(null, isTestTrust: false);
        for (int i = 0; i < 2; i++)
        {
            using HttpRequestMessage request = new(HttpMethod.Get, address);
            using HttpResponseMessage response = async
                ? await http.SendAsync(request).OrTimeout()
                : await TestTimeouts.OnOwnThread(() => http.Send(request));
            Assert.Equal(expected, response.StatusCode);
        }
    }
}
