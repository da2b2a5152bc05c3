namespace Privatemode.AI.Tests.Fakes;

/// <summary>A handler of the application that throws an exception of this library instead of sending requests to one address.</summary>
internal sealed class ForgingHandler(string path, PrivatemodeException forged)
    : DelegatingHandler(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false })
{
    public PrivatemodeException? Exception { get; set; } = forged;

    public int Thrown { get; private set; }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (Exception is null || !request.RequestUri!.AbsolutePath.Contains(path, StringComparison.Ordinal))
        {
            return base.SendAsync(request, cancellationToken);
        }

        Thrown++;
        throw Exception;
    }
}
