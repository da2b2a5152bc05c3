using System.Net;
using Privatemode.AI.Pipeline.Transport;

namespace Privatemode.AI.Tests.Pipeline.Transport;

/// <summary>The body of an answer is opened as soon as its head is there; an answer that has none to be read is closed.</summary>
public sealed class InterruptibleHandlerTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Send_TheBodyCannotBeOpened_TheAnswerIsDisposed(bool async)
    {
        using UnreadableContent content = new();
        using HttpMessageInvoker http = new(new InterruptibleHandler(new AnsweringHandler(content)));
        using HttpRequestMessage request = new(HttpMethod.Get, "http://127.0.0.1/");
        _ = async
            ? await Assert.ThrowsAsync<IOException>(() => http.SendAsync(request, CancellationToken.None))
            : Assert.Throws<IOException>(() => http.Send(request, CancellationToken.None));
        Assert.True(content.IsDisposed);
    }

    private sealed class AnsweringHandler(HttpContent content) : HttpMessageHandler
    {
        protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) =>
            new(HttpStatusCode.OK) { Content = content, RequestMessage = request };

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(Send(request, cancellationToken));
    }

    private sealed class UnreadableContent : HttpContent
    {
        public bool IsDisposed { get; private set; }

        protected override Stream CreateContentReadStream(CancellationToken cancellationToken) => throw new IOException("It cannot be opened.");

        protected override Task<Stream> CreateContentReadStreamAsync() => throw new IOException("It cannot be opened.");

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => throw new IOException("It cannot be opened.");

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }

        protected override void Dispose(bool disposing)
        {
            IsDisposed = true;
            base.Dispose(disposing);
        }
    }
}
