using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Microsoft.Win32.SafeHandles;
using Privatemode.AI.AspNetCore.Status;

namespace Privatemode.AI.AspNetCore.Gate;

/// <summary>The caller keys that are valid now: those of the options, and those of their files, which are read again when they change.</summary>
internal sealed class CallerKeys(
    IOptions<PrivatemodeProxyOptions> options, TimeProvider time, ProxyTelemetry telemetry, DigestComparer? comparer = null)
{
    /// <summary>Files are looked at this often at most. Not with notifications, which mounted files of Kubernetes do not send.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly PrivatemodeProxyOptions _options = options.Value;
    private readonly DigestComparer _comparer = comparer ?? CryptographicOperations.FixedTimeEquals;
    private readonly Lock _reading = new();
    private volatile CallerKeySet? _keys;
    private string _stamp = "";
    private long _lookedAt;

    /// <summary>The number of the key among all, from 1, or 0 if it is not one of them.</summary>
    /// <exception cref="PrivatemodeConfigurationException">The keys were never read, and cannot be read now.</exception>
    public int Find(string presented) => Current().Find(presented, _comparer);

    private CallerKeySet Current()
    {
        CallerKeySet? keys = _keys;
        if (keys is not null && (_options.CallerKeyFiles.Count == 0 || time.GetElapsedTime(Interlocked.Read(ref _lookedAt)) < Interval))
        {
            return keys;
        }

        lock (_reading)
        {
            Interlocked.Exchange(ref _lookedAt, time.GetTimestamp());
            string stamp = Stamp();
            if (_keys is null || stamp != _stamp)
            {
                _stamp = stamp;
                Read();
            }

            return _keys!;
        }
    }

    /// <summary>Reads all keys. With a fault in a file, the keys that were read before stay valid.</summary>
    private void Read()
    {
        CallerKeySet.Builder builder = new();
        foreach (string key in _options.CallerKeys)
        {
            _ = builder.Add(key);
        }

        for (int i = 0; i < _options.CallerKeyFiles.Count; i++)
        {
            if (builder.AddFile(_options.CallerKeyFiles[i]) is { } fault)
            {
                if (_keys is null)
                {
                    string setting = $"{ProxyOptionsValidator.Section}:{nameof(_options.CallerKeyFiles)}:{i}";
                    throw new PrivatemodeConfigurationException(setting, $"{setting} {fault}");
                }

                telemetry.KeyFileUnusable(i, fault);
                return;
            }
        }

        _keys = builder.Build();
    }

    private string Stamp() => string.Join('|', _options.CallerKeyFiles.Select(StampOf));

    /// <summary>When the content was written, and its length. Of the open file, not of its path: a file of a secret that Kubernetes mounts is a link, which
    /// stays the same when the secret changes, so that keys that were withdrawn would stay valid.</summary>
    private static string StampOf(string path)
    {
        try
        {
            using SafeFileHandle file = File.OpenHandle(path);
            return $"{File.GetLastWriteTimeUtc(file).Ticks}:{RandomAccess.GetLength(file)}";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return ""; // reading it says why
        }
    }
}
