using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Privatemode.AI.AspNetCore.Calls;
using Privatemode.AI.AspNetCore.Errors;
using Privatemode.AI.AspNetCore.Limits;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.AspNetCore.Tests.Calls;

/// <summary>The limit on bodies by itself: the server has the same limit, but an application can host the proxy on another one.</summary>
public sealed class ProxyBodyTests
{
    private const int Limit = 100_000;

    [Theory]
    [InlineData(Limit, true, true)]
    [InlineData(Limit, false, true)]
    [InlineData(Limit + 1, true, false)]
    [InlineData(Limit + 1, false, false)]
    public async Task Read_AtAndAboveTheLimit_IsAcceptedAndRefused(int length, bool isAnnounced, bool isAccepted)
    {
        DefaultHttpContext context = new();
        context.Request.ContentType = "application/json";
        context.Request.ContentLength = isAnnounced ? length : null;
        context.Request.Body = new MemoryStream(new byte[length]);
        BufferBudget budget = new(ProxyParts.Options(), TimeProvider.System, ProxyParts.Telemetry());
        ValueTask<ProxyBody> reading = ProxyBody.ReadAsync(context.Request, isForm: false, Limit, budget, CancellationToken.None);
        if (isAccepted)
        {
            using (ProxyBody body = await reading.AsTask().OrTimeout())
            {
                Assert.Equal(length, body.Length);
                Assert.True(budget.InUse >= length);
            }
        }
        else
        {
            ProxyError error = (await Assert.ThrowsAsync<ProxyRefusalException>(async () => await reading.AsTask().OrTimeout())).Error;
            Assert.Equal(413, error.Status);
        }

        Assert.Equal(0, budget.InUse);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Read_BodyThatComesSlowly_HoldsNoRoomForWhatDidNotCome(bool isAnnounced)
    {
        const int Length = 64 * 1024 * 1024;
        Pipe pipe = new();
        DefaultHttpContext context = new();
        context.Request.ContentType = "application/json";
        context.Request.ContentLength = isAnnounced ? Length : null;
        context.Request.Body = pipe.Reader.AsStream();
        BufferBudget budget = new(ProxyParts.Options(), TimeProvider.System, ProxyParts.Telemetry());
        Task<ProxyBody> reading = ProxyBody.ReadAsync(context.Request, isForm: false, Length, budget, CancellationToken.None).AsTask();
        _ = await pipe.Writer.WriteAsync(new byte[1000]).AsTask().OrTimeout();

        // With the default limit, eight of them would keep all others out.
        Assert.InRange(budget.InUse, 1000, 2 * 1024 * 1024);
        byte[] megabyte = new byte[1024 * 1024];
        for (int sent = 1000; sent < Length; sent += megabyte.Length)
        {
            _ = await pipe.Writer.WriteAsync(megabyte.AsMemory(0, Math.Min(megabyte.Length, Length - sent))).AsTask().OrTimeout();
        }

        await pipe.Writer.CompleteAsync();
        using (ProxyBody body = await reading.OrTimeout())
        {
            Assert.Equal(Length, body.Length);
            Assert.Equal(Length, budget.InUse);
        }

        Assert.Equal(0, budget.InUse);
    }
}
