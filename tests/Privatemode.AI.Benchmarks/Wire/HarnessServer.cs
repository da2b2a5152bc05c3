using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Privatemode.AI.Encryption;
using Privatemode.AI.Testing.Enclave;
using Privatemode.AI.Testing.SecretService;

namespace Privatemode.AI.Benchmarks.Wire;

/// <summary>
/// Answers the same chats in the clear and sealed, as cheaply as both can be, from a process of its own. Straight on sockets: every
/// event leaves by itself, as tokens do, and is not put together with others by a web server.
/// </summary>
internal sealed class HarnessServer(MeshIdentity mesh)
{
    public const int StreamedEvents = 1000;

    public const string SecretServiceName = "secret-service";

    /// <summary>Model whose events leave one every 100 µs, far faster than any model writes; of all others as fast as they can.</summary>
    public const string PacedModel = "paced";

    /// <summary>Model that writes one event and then nothing more.</summary>
    public const string IdleModel = "idle";

    private static readonly TimeSpan Pace = TimeSpan.FromMicroseconds(100);

    private static readonly byte[] StreamHead = Encoding.ASCII.GetBytes(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");

    private static ReadOnlySpan<byte> WholeHead => "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "u8;

    private readonly ConcurrentDictionary<string, AesGcmKey> _secrets = [];
    private readonly ConcurrentBag<double> _sealedAnswerMicroseconds = [];

    /// <summary>Serves until standard input ends; writes its address and mesh CA first.</summary>
    public static async Task<int> RunAsync()
    {
        using MeshIdentity mesh = MeshIdentity.Create(TimeProvider.System.GetUtcNow(), SecretServiceName);
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        HarnessServer server = new(mesh);
        _ = server.AcceptAsync(listener);
        Console.WriteLine($"http://{listener.LocalEndpoint}");
        Console.WriteLine(Convert.ToBase64String(Encoding.UTF8.GetBytes(mesh.AuthorityPem)));
        _ = await Console.In.ReadToEndAsync();
        double median = server._sealedAnswerMicroseconds.Order().ElementAtOrDefault(server._sealedAnswerMicroseconds.Count / 2);
        Console.WriteLine(median.ToString("F1", CultureInfo.InvariantCulture));
        return 0;
    }

    private async Task AcceptAsync(TcpListener listener)
    {
        while (true)
        {
            Socket socket = await listener.AcceptSocketAsync();
            socket.NoDelay = true;
            _ = Task.Factory.StartNew(() => Serve(socket), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
    }

    private void Serve(Socket socket)
    {
        using NetworkStream stream = new(socket, ownsSocket: true);
        HarnessRequest request = new(stream);
        using HarnessAnswers answers = new();
        byte[] buffer = new byte[8192];
        (byte[] Id, AesGcmKey? Key) last = ([], null);
        while (request.TryRead())
        {
            if (request.IsExchange)
            {
                SecretExchangeReply reply = mesh.Responder.Answer(request.Body);
                _secrets[reply.SecretId] = AesGcmKey.Import(reply.Secret);
                SendWhole(socket, reply.Body, new byte[64 * 1024]);
                continue;
            }

            long begun = Stopwatch.GetTimestamp();
            Begin(answers, request, ref last);
            if (request.Body.Span.IndexOf("\"model\":\"idle\""u8) >= 0)
            {
                _ = socket.Send(StreamHead);
                _ = socket.Send(Chunk(answers.Event()));
            }
            else if (request.Body.Span.IndexOf("\"stream\":true"u8) >= 0)
            {
                SendStream(socket, answers, isPaced: request.Body.Span.IndexOf("\"model\":\"paced\""u8) >= 0);
            }
            else
            {
                ReadOnlySpan<byte> whole = answers.Whole();
                if (!request.SecretId.IsEmpty)
                {
                    _sealedAnswerMicroseconds.Add(Stopwatch.GetElapsedTime(begun).TotalMicroseconds);
                }

                SendWhole(socket, whole, buffer);
            }
        }
    }

    /// <param name="last">The secret of the last request of this connection: it need not be looked up again.</param>
    private void Begin(HarnessAnswers answers, HarnessRequest request, ref (byte[] Id, AesGcmKey? Key) last)
    {
        if (request.SecretId.IsEmpty)
        {
            answers.Begin();
            return;
        }

        if (last.Key is null || !request.SecretId.SequenceEqual(last.Id))
        {
            byte[] id = request.SecretId.ToArray();
            last = (id, _secrets[Encoding.ASCII.GetString(id)]);
        }

        answers.Begin(last.Key, last.Id, request.Body.Span);
    }

    private static void SendWhole(Socket socket, ReadOnlySpan<byte> body, Span<byte> buffer)
    {
        WholeHead.CopyTo(buffer);
        int at = WholeHead.Length;
        _ = body.Length.TryFormat(buffer[at..], out int digits, default, CultureInfo.InvariantCulture);
        at += digits;
        "\r\n\r\n"u8.CopyTo(buffer[at..]);
        at += 4;
        body.CopyTo(buffer[at..]);
        _ = socket.Send(buffer[..(at + body.Length)]);
    }

    private static void SendStream(Socket socket, HarnessAnswers answers, bool isPaced)
    {
        // Made before the first byte leaves: what sealing costs the server is not the client's.
        byte[][] chunks = [.. Enumerable.Range(0, StreamedEvents).Select(_ => Chunk(answers.Event())), Chunk(answers.Finish()), Chunk("data: [DONE]\n\n"u8)];
        _ = socket.Send(StreamHead);
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < chunks.Length; i++)
        {
            // Spinning: no timer of the system is that fine.
            while (isPaced && Stopwatch.GetElapsedTime(start) < i * Pace)
            {
            }

            _ = socket.Send(chunks[i]);
        }

        _ = socket.Send("0\r\n\r\n"u8);
    }

    private static byte[] Chunk(ReadOnlySpan<byte> content)
    {
        Span<byte> chunk = stackalloc byte[4096];
        _ = content.Length.TryFormat(chunk, out int at, "x");
        "\r\n"u8.CopyTo(chunk[at..]);
        content.CopyTo(chunk[(at + 2)..]);
        "\r\n"u8.CopyTo(chunk[(at + 2 + content.Length)..]);
        return chunk[..(at + content.Length + 4)].ToArray();
    }
}
