using System.Net;

namespace Privatemode.AI.Pipeline.Requests;

/// <summary>A sealed body in the shape in which HTTP requests carry one. The attempt owns the body.</summary>
internal sealed class SealedHttpContent(SealedContent content) : HttpContent
{
    /// <summary>What is carried.</summary>
    public SealedContent Content => content;

    protected override bool TryComputeLength(out long length) => content.TryComputeLength(out length);

    protected override void SerializeToStream(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        content.WriteTo(stream, cancellationToken);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        content.WriteToAsync(stream, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        content.WriteToAsync(stream, cancellationToken);
}
