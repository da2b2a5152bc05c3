using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Privatemode.AI.Benchmarks.Wire;
using Privatemode.AI.Encryption;
using Privatemode.AI.Testing.Enclave;
using Privatemode.AI.Testing.SecretService;

namespace Privatemode.AI.Benchmarks.Audio;

/// <summary>Takes recordings and throws them away, in a process of its own; answers with a short transcription, sealed as it must be.</summary>
internal sealed class AudioSink(MeshIdentity mesh)
{
    private const int NonceDigits = 24;
    private const string Text = "\"nothing\"";

    private readonly ConcurrentDictionary<string, AesGcmKey> _secrets = [];

    /// <summary>Serves until standard input ends; writes its address and mesh CA first.</summary>
    public static async Task<int> RunAsync()
    {
        using MeshIdentity mesh = MeshIdentity.Create(TimeProvider.System.GetUtcNow(), HarnessServer.SecretServiceName);
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        AudioSink sink = new(mesh);
        _ = sink.AcceptAsync(listener);
        Console.WriteLine($"http://{listener.LocalEndpoint}");
        Console.WriteLine(Convert.ToBase64String(Encoding.UTF8.GetBytes(mesh.AuthorityPem)));
        _ = await Console.In.ReadToEndAsync();
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
        byte[] buffer = new byte[1024 * 1024];
        while (true)
        {
            int filled = 0;
            int headEnd;
            while ((headEnd = buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8)) < 0)
            {
                int read = stream.Read(buffer, filled, buffer.Length - filled);
                if (read == 0)
                {
                    return;
                }

                filled += read;
            }

            string head = Encoding.ASCII.GetString(buffer, 0, headEnd);
            int length = int.Parse(Header(head, "Content-Length")!, CultureInfo.InvariantCulture);
            Span<byte> begin = Drain(stream, buffer, headEnd + 4, filled, length);
            byte[] answer = Header(head, "Privatemode-Secret-ID") is { } id ? Answer(id, begin) : Exchange(begin);
            socket.Send([
                new ArraySegment<byte>(Encoding.ASCII.GetBytes(
                    $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {answer.Length}\r\n\r\n")),
                new ArraySegment<byte>(answer)]);
        }
    }

    /// <summary>Reads a body to its end and keeps its beginning, as far as it fits in half of the buffer.</summary>
    private static Span<byte> Drain(NetworkStream stream, byte[] buffer, int start, int filled, int length)
    {
        int got = filled - start;
        int half = buffer.Length / 2;
        while (got < length)
        {
            int at = start + got < half ? start + got : half;
            int read = stream.Read(buffer, at, Math.Min(buffer.Length - at, length - got));
            got += read > 0 ? read : throw new IOException("The client has gone.");
        }

        return buffer.AsSpan(start, Math.Min(length, half - start));
    }

    private static string? Header(string head, string name) =>
        head.Split("\r\n").FirstOrDefault(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))?[(name.Length + 1)..].Trim();

    private byte[] Exchange(Span<byte> body)
    {
        SecretExchangeReply reply = mesh.Responder.Answer(body.ToArray());
        _secrets[reply.SecretId] = AesGcmKey.Import(reply.Secret);
        return reply.Body;
    }

    private byte[] Answer(string secretId, ReadOnlySpan<byte> form)
    {
        byte[] id = Encoding.ASCII.GetBytes(secretId);
        int at = form.IndexOf(id) + id.Length + 1;
        byte[] nonce = Convert.FromHexString(Encoding.ASCII.GetString(form.Slice(at, NonceDigits)));
        using FieldCipher cipher = new(_secrets[secretId], nonce);
        byte[] iv = RandomNumberGenerator.GetBytes(FieldCipher.IvSize);
        byte[] value = new byte[Text.Length + FieldCipher.TagSize];
        cipher.Encrypt(0, iv, Encoding.ASCII.GetBytes(Text), value);
        return Encoding.ASCII.GetBytes(
            $$"""{"text":"{{secretId}}:{{Convert.ToHexStringLower(nonce)}}:{{Convert.ToHexStringLower(iv)}}:{{Convert.ToHexStringLower(value)}}"}""");
    }
}
