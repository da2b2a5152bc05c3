using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Privatemode.AI.Testing.Server;

/// <summary>Sends the beginning of an answer and resets the connection. It bypasses the web server, which would close the connection in an orderly
/// way.</summary>
internal static class ConnectionReset
{
    /// <summary>Sends the headers and the beginning of the body, in a chunk that is announced as longer, and resets the connection.</summary>
    /// <param name="length">The number of bytes of the body to send. With 0, not even the headers are sent.</param>
    /// <param name="sent">A callback that receives the bytes that are sent.</param>
    public static void Send(HttpContext context, int length, ReadOnlySpan<byte> body, Action<ReadOnlySpan<byte>>? sent)
    {
        Socket socket = context.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket;
        if (length > 0)
        {
            HttpResponse response = context.Response;
            byte[] head = Encoding.ASCII.GetBytes(string.Create(
                CultureInfo.InvariantCulture,
                $"HTTP/1.1 {response.StatusCode} OK\r\nContent-Type: {response.ContentType}\r\nTransfer-Encoding: chunked\r\n\r\n{body.Length + 1:x}\r\n"));
            byte[] bytes = [.. head, .. body[..length]];
            sent?.Invoke(bytes);
            for (int at = 0; at < bytes.Length;)
            {
                // The socket of the web server does not block.
                at += socket.Poll(TimeSpan.FromSeconds(5), SelectMode.SelectWrite) ? socket.Send(bytes.AsSpan(at)) : throw new IOException("stalled");
            }
        }

        socket.Close(timeout: 0);
        context.Abort();
    }
}
