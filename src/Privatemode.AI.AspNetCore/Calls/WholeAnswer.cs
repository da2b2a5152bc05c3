using Privatemode.AI.AspNetCore.Internal;

namespace Privatemode.AI.AspNetCore.Calls;

/// <summary>Sends an answer that is not streamed, with its length.</summary>
internal static class WholeAnswer
{
    private const int FirstStep = 16 * 1024;

    /// <summary>Copies the answer, which the library has verified completely.</summary>
    public static async Task CopyAsync(HttpResponseMessage answer, ProxyCall call, UsageScan usage)
    {
        using PooledBuffer bytes = new((int)(answer.Content.Headers.ContentLength ?? FirstStep));
        Stream source = await answer.Content.ReadAsStreamAsync(call.Stopped).ConfigureAwait(false);
        while (await source.ReadAsync(bytes.GetMemory(), call.Stopped).ConfigureAwait(false) is > 0 and int count)
        {
            bytes.Advance(count);
        }

        usage.Add(bytes.Span);
        call.Record.AnswerBytes = bytes.Length;
        call.Context.Response.ContentType = answer.Content.Headers.ContentType?.ToString() ?? "application/json";
        call.Context.Response.ContentLength = bytes.Length;
        await call.Context.Response.Body.WriteAsync(bytes.Memory, call.Aborted).ConfigureAwait(false);
    }
}
