using System.Net.Http.Headers;
using System.Text;

namespace Privatemode.AI.Soak;

/// <summary>An answer of the proxy, as far as it came.</summary>
/// <param name="Status">The status; 0 if the connection broke before.</param>
/// <param name="Text">The body.</param>
/// <param name="Broken">What broke the connection; <see langword="null"/> if the answer ended as HTTP says.</param>
internal sealed record HttpAnswer(int Status, string? MediaType, string Text, Exception? Broken)
{
    private static readonly TimeSpan ReaderPause = TimeSpan.FromMilliseconds(30);

    /// <summary>Sends a request and reads the answer, now and then slowly.</summary>
    public static async Task<HttpAnswer> SendAsync(HttpClient http, HttpRequestMessage request, bool isSlow, CancellationToken cancellationToken)
    {
        using (request)
        {
            MemoryStream body = new();
            int status = 0;
            MediaTypeHeaderValue? type = null;
            try
            {
                using HttpResponseMessage answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
                (status, type) = ((int)answer.StatusCode, answer.Content.Headers.ContentType);
                await using Stream stream = await answer.Content.ReadAsStreamAsync(cancellationToken);
                byte[] buffer = new byte[isSlow ? 100 : 8192];
                for (int reads = 0, count; (count = await stream.ReadAsync(buffer, cancellationToken)) > 0; reads++)
                {
                    body.Write(buffer, 0, count);
                    if (isSlow && reads < 20)
                    {
                        await Task.Delay(ReaderPause, TimeProvider.System, cancellationToken);
                    }
                }

                return new HttpAnswer(status, type?.MediaType, TextOf(body), null);
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException && !cancellationToken.IsCancellationRequested)
            {
                return new HttpAnswer(status, type?.MediaType, TextOf(body), exception);
            }
        }
    }

    private static string TextOf(MemoryStream body) => Encoding.UTF8.GetString(body.GetBuffer(), 0, (int)body.Length);
}
