namespace Privatemode.AI.Pipeline.Calls;

/// <summary>An opened answer in the shape in which HTTP responses carry one; takes the response it came from with it when it goes.</summary>
internal sealed class OpenedHttpContent(Stream opened, HttpResponseMessage wire) : StreamContent(opened)
{
    protected override void Dispose(bool disposing)
    {
        // The opened stream first: it ends the exchange and closes what it reads from.
        base.Dispose(disposing);
        if (disposing)
        {
            wire.Dispose();
        }
    }
}
