using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;
using Privatemode.Tool.Logging;
using Privatemode.Tool.Services;

namespace Privatemode.Tool.Proxy;

/// <summary>Writes requests and answers to files, unencrypted, as <c>--dumpRequests</c> of <c>privatemode-proxy</c> does. Keys are left out.</summary>
internal sealed class RequestDump
{
    private static readonly TimeSpan WarningInterval = TimeSpan.FromHours(1);
    private static readonly string[] Secrets = ["Authorization", "x-api-key", "api-key", "Cookie", "Proxy-Authorization"];

    private readonly string _directory;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private long _lastWarning;
    private int _number;

    public RequestDump(string directory, TimeProvider time, ILoggerFactory loggers)
    {
        _directory = directory;
        _time = time;
        _log = loggers.CreateLogger("Privatemode.Tool.Proxy");
        Warn();
    }

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (_time.GetElapsedTime(Interlocked.Read(ref _lastWarning)) > WarningInterval)
        {
            Warn();
        }

        string name = NewFile();
        await using FileStream request = StateDirectory.CreateFile($"{name}_req.txt", FileMode.CreateNew);
        await request.WriteAsync(Encoding.UTF8.GetBytes(Head(context.Request)), context.RequestAborted);
        await using FileStream response = StateDirectory.CreateFile($"{name}_resp.txt", FileMode.CreateNew);
        Stream body = context.Request.Body;
        IHttpResponseBodyFeature original = context.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        await using CopyingStream input = new(body, request, () => "");
        await using CopyingStream output = new(original.Stream, response, () => Head(context.Response));
        context.Request.Body = input;
        context.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(output, original));
        try
        {
            await next(context);
            await output.FlushAsync(context.RequestAborted);
        }
        finally
        {
            context.Request.Body = body;
            context.Features.Set(original);
            await output.WriteHeadAsync();
        }
    }

    private void Warn()
    {
        _ = Interlocked.Exchange(ref _lastWarning, _time.GetTimestamp());
        ToolLog.Dumping(_log, _directory);
    }

    private string NewFile()
    {
        DateTime now = _time.GetUtcNow().UtcDateTime;
        string day = Path.Combine(_directory, now.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        StateDirectory.CreateDirectory(_directory);
        StateDirectory.CreateDirectory(day);
        int number = Interlocked.Increment(ref _number);
        return Path.Combine(day, now.ToString($"yyyy-MM-dd_HHmmss.ffffff_{number % 100:00}", CultureInfo.InvariantCulture));
    }

    private static string Head(HttpRequest request) =>
        $"{request.Method} {request.Path}{request.QueryString} {request.Protocol}\r\n{Headers(request.Headers)}\r\n";

    private static string Head(HttpResponse response) =>
        string.Create(CultureInfo.InvariantCulture, $"HTTP {response.StatusCode}\r\n{Headers(response.Headers)}\r\n");

    private static string Headers(IHeaderDictionary headers)
    {
        StringBuilder text = new();
        foreach ((string name, StringValues values) in headers)
        {
            bool isSecret = Secrets.Contains(name, StringComparer.OrdinalIgnoreCase);
            foreach (string? value in values)
            {
                _ = text.Append(CultureInfo.InvariantCulture, $"{name}: {(isSecret ? "redacted" : value)}\r\n");
            }
        }

        return text.ToString();
    }

    /// <summary>Copies what is read from or written to a stream into a file.</summary>
    private sealed class CopyingStream(Stream inner, Stream copy, Func<string> head) : Stream
    {
        private bool _hasHead;

        public override bool CanRead => inner.CanRead;

        public override bool CanSeek => false;

        public override bool CanWrite => inner.CanWrite;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public async Task WriteHeadAsync()
        {
            if (!_hasHead)
            {
                _hasHead = true;
                await copy.WriteAsync(Encoding.UTF8.GetBytes(head()));
            }
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int count = await inner.ReadAsync(buffer, cancellationToken);
            await copy.WriteAsync(buffer[..count], CancellationToken.None);
            return count;
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await inner.WriteAsync(buffer, cancellationToken);
            await WriteHeadAsync();
            await copy.WriteAsync(buffer, CancellationToken.None);
        }

        public override async Task FlushAsync(CancellationToken cancellationToken)
        {
            await inner.FlushAsync(cancellationToken);
            await copy.FlushAsync(CancellationToken.None);
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
