using System.Net;
using System.Text;

namespace Privatemode.AI.Tests.Fakes;

/// <summary>A message handler that answers in its own time; it keeps the bodies it was sent.</summary>
internal sealed class WaitingHandler : HttpMessageHandler
{
    private readonly Lock _gate = new();
    private readonly List<string> _bodies = [];

    /// <summary>Makes the answer from the body of the request.</summary>
    public required Func<string, CancellationToken, Task<HttpResponseMessage>> Answer { get; init; }

    public IReadOnlyList<string> Bodies
    {
        get
        {
            lock (_gate)
            {
                return [.. _bodies];
            }
        }
    }

    public static HttpResponseMessage Json(string json, HttpStatusCode status = HttpStatusCode.OK) =>
        new(status) { Content = new StringContent(json, Encoding.UTF8, "application/json") };

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        string body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
        lock (_gate)
        {
            _bodies.Add(body);
        }

        return await Answer(body, cancellationToken);
    }
}
