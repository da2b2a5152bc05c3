using System.Buffers;
using System.Globalization;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Issues;

/// <summary>A read that is cut off takes its connection with it: the next call must not find the rest of the answer on it.</summary>
public sealed class PoisonedConnectionTests : IAsyncLifetime
{
    private readonly TaskCompletionSource _rest = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ManualTimeProvider _time = new();
    private readonly SlowServer _server;
    private readonly HttpClient _http = HttpTransports.Create(custom: null, isTestTrust: true);

    public PoisonedConnectionTests() => _server = new SlowServer((_, stop) => new ValueTask(_rest.Task.WaitAsync(stop)));

    public static TheoryData<string, bool> WaysToCutOff
    {
        get
        {
            TheoryData<string, bool> ways = [];
            foreach (string way in (string[])["whole", "stream paused", "stream disposed", "response disposed", "control plane", "control plane async"])
            {
                ways.Add(way, true);
                ways.Add(way, false);
            }

            return ways;
        }
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        _http.Dispose();
        await _server.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(WaysToCutOff))]
    public async Task NextCall_AfterARead_WasCutOff_IsAnsweredRight(string way, bool isChunked)
    {
        using CancellationTokenSource cut = new();
        TaskCompletionSource reading = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<Exception?> cutOff = TestTimeouts.OnOwnThread<Exception?>(() => Record.Exception(() => Read(way, SlowServer.Slow(1, isChunked), cut, reading)));
        await reading.Task.OrTimeout();
        cut.Cancel();
        _rest.SetResult();
        Assert.NotNull(await cutOff);
        for (int i = 0; i < 4; i++)
        {
            string id = (1000 + i).ToString(CultureInfo.InvariantCulture);
            Assert.Equal(id, await _http.GetStringAsync(new Uri(_server.Address, $"/now/{id}")).OrTimeout());
        }
    }

    private void Read(string way, string path, CancellationTokenSource cut, TaskCompletionSource reading)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, new Uri(_server.Address, path));
        if (way.StartsWith("control plane", StringComparison.Ordinal))
        {
            reading.SetResult();
            BoundedHttpClient bounded = new(_http, _time);
            _ = bounded.SendAsync(request, 1 << 20, "the test", way.EndsWith("async", StringComparison.Ordinal), cut.Token).AsTask().GetAwaiter().GetResult();
            return;
        }

        using HttpResponseMessage response = _http.Send(request, HttpCompletionOption.ResponseHeadersRead);
        Stream body = response.Content.ReadAsStream();
        switch (way)
        {
            case "whole":
                reading.SetResult();
                _ = BoundedReader.TryReadAsync(body, new ArrayBufferWriter<byte>(), 1 << 20, async: false, cut.Token).Completed();
                break;
            case "stream paused":
                using (IdleTimeoutStream stream = new(body, TimeSpan.FromSeconds(100), TimeSpan.FromSeconds(100), () => 0, _time, "sdk_0"))
                using (cut.Token.Register(() => _time.Advance(TimeSpan.FromSeconds(100))))
                {
                    ReadToEnd(stream, reading);
                }

                break;
            case "stream disposed":
                using (cut.Token.Register(body.Dispose))
                {
                    ReadToEnd(body, reading);
                }

                break;
            default:
                using (cut.Token.Register(response.Dispose))
                {
                    ReadToEnd(body, reading);
                }

                break;
        }
    }

    private static void ReadToEnd(Stream stream, TaskCompletionSource reading)
    {
        byte[] buffer = new byte[16 * 1024];
        int all = 0;
        int read;
        do
        {
            if (all >= SlowServer.SlowLength / 2)
            {
                _ = reading.TrySetResult();
            }

            read = stream.Read(buffer);
            all += read;
        }
        while (read > 0);
    }
}
