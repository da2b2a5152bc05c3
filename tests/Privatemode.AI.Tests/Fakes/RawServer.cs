using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Privatemode.AI.Tests.Fakes;

/// <summary>A server on this machine that answers every request without a body with the same bytes, and keeps the heads it was sent.</summary>
internal sealed class RawServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _closing = new();
    private readonly List<string> _heads = [];
    private readonly Lock _gate = new();
    private readonly byte[] _answer;
    private readonly Task _serving;

    /// <summary>Starts one.</summary>
    /// <param name="head">The lines of the answer's head.</param>
    public RawServer(params IEnumerable<string> head)
    {
        _answer = Encoding.Latin1.GetBytes($"{string.Join("\r\n", head)}\r\nContent-Length: 0\r\n\r\n");
        _listener.Start();
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");
        _serving = ServeAsync();
    }

    public Uri Address { get; }

    public IReadOnlyList<string> Heads
    {
        get
        {
            lock (_gate)
            {
                return [.. _heads];
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        _listener.Dispose();
        await _serving;
        _closing.Dispose();
    }

    private async Task ServeAsync()
    {
        List<Task> connections = [];
        try
        {
            while (true)
            {
                connections.Add(AnswerAsync(await _listener.AcceptTcpClientAsync(_closing.Token)));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or InvalidOperationException)
        {
            // The last: the listener was closed, before or in the middle of a wait.
            await Task.WhenAll(connections);
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using (client)
        {
            using StreamReader reader = new(client.GetStream(), Encoding.Latin1);
            StringBuilder head = new();
            try
            {
                while (await reader.ReadLineAsync(_closing.Token) is { } line)
                {
                    if (line.Length > 0)
                    {
                        _ = head.Append(line).Append('\n');
                        continue;
                    }

                    lock (_gate)
                    {
                        _heads.Add(head.ToString());
                    }

                    _ = head.Clear();
                    await client.GetStream().WriteAsync(_answer, _closing.Token);
                }
            }
            catch (Exception exception) when (exception is OperationCanceledException or IOException)
            {
                // The client is gone, or the test is over.
            }
        }
    }
}
