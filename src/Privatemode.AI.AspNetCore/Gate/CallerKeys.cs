using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Microsoft.Win32.SafeHandles;
using Privatemode.AI.AspNetCore.Status;

namespace Privatemode.AI.AspNetCore.Gate;

/// <summary>The caller keys that are currently valid: those in the options, and those in the key files, which are read again when they change.</summary>
internal sealed class CallerKeys(
    IOptions<PrivatemodeProxyOptions> options, TimeProvider time, ProxyTelemetry telemetry, DigestComparer? comparer = null)
{
    /// <summary>The minimum time between two checks of the files. Change notifications are not used, because files that Kubernetes mounts do not send
    /// them.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly PrivatemodeProxyOptions _options = options.Value;
    private readonly DigestComparer _comparer = comparer ?? CryptographicOperations.FixedTimeEquals;
    private readonly Lock _reading = new();
    private volatile CallerKeySet? _keys;
    private string _stamp = "";
    private long _lookedAt;

    /// <summary>Returns the one-based number of the key, or 0 if it is not an accepted key.</summary>
    /// <exception cref="PrivatemodeConfigurationException">The keys have never been read, and cannot be read now.</exception>
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

    /// <summary>Reads all keys. If a file is invalid, the keys that were read before stay valid.</summary>
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

    /// <summary>Returns the time of the last write and the length of the open file, not those of its path: a secret that Kubernetes mounts is a link, and the
    /// link does not change when the secret does, so revoked keys would stay valid.</summary>
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
