using System.Globalization;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Logging;
using Privatemode.Tool.Services;

namespace Privatemode.Tool.Proxy;

/// <summary>The TLS certificate of the proxy. It is loaded again when its files change.</summary>
/// <param name="certificatePath">A file with the chain in PEM, the server's certificate first.</param>
/// <param name="keyPath">A file with the private key in PEM.</param>
/// <param name="time">The clock.</param>
internal sealed class ReloadingCertificate(string certificatePath, string keyPath, TimeProvider time)
{
    private const string NotPem = "the files are not a certificate and a private key in PEM";
    private const int MaxFileSize = 1 << 20;

    // Kubernetes replaces mounted files by swapping links, which file watchers do not see.
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private SslStreamCertificateContext? _current;
    private string? _state;
    private long _lastLook;
    private ILogger? _log;

    /// <summary>Lets a listener use the certificate that is current when a connection begins.</summary>
    public TlsHandshakeCallbackOptions ToOptions() => new()
    {
        OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
        {
            ServerCertificateContext = Current() ?? throw new AuthenticationException("There is no TLS certificate."),
        }),
    };

    /// <summary>Loads the certificate for the first time.</summary>
    /// <exception cref="ToolException">The certificate cannot be used.</exception>
    public void Start(ILogger log)
    {
        lock (_gate)
        {
            _log = log;
            _state = StateOfFiles();
            _lastLook = time.GetTimestamp();
            _current = Load();
        }
    }

    /// <summary>The current certificate with its chain; null before <see cref="Start"/>.</summary>
    public SslStreamCertificateContext? Current()
    {
        lock (_gate)
        {
            if (_log is not null && time.GetElapsedTime(_lastLook) >= PollInterval)
            {
                _lastLook = time.GetTimestamp();
                Reload(_log);
            }

            return _current;
        }
    }

    private void Reload(ILogger log)
    {
        string state = StateOfFiles();
        if (state == _state)
        {
            return;
        }

        _state = state;
        try
        {
            _current = Load();
            ToolLog.CertificateLoaded(log);
        }
        catch (ToolException exception)
        {
            ToolLog.CertificateRefused(log, exception.Message);
        }
    }

    private string StateOfFiles() => $"{StateOf(certificatePath)}|{StateOf(keyPath)}";

    /// <summary>Returns the state of the open file, not that of its path: the link at the path and its target stay the same when Kubernetes replaces the
    /// directory.</summary>
    private static string StateOf(string path)
    {
        try
        {
            using SafeFileHandle file = File.OpenHandle(path);
            return string.Create(CultureInfo.InvariantCulture, $"{File.GetLastWriteTimeUtc(file).Ticks}:{RandomAccess.GetLength(file)}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return ""; // loading it says why
        }
    }

    private SslStreamCertificateContext Load()
    {
        try
        {
            string keyText = ReadText(keyPath);
            if (keyText.Contains("ENCRYPTED", StringComparison.Ordinal))
            {
                throw Refused("the key is encrypted; decrypt it first");
            }

            if (!keyText.Contains("PRIVATE KEY-----", StringComparison.Ordinal))
            {
                throw Refused(NotPem);
            }

            X509Certificate2Collection chain = [];
            chain.ImportFromPem(ReadText(certificatePath));
            if (chain.Count == 0)
            {
                throw Refused("the certificate file has no certificate");
            }

            RequireCurrent(chain[0]);
            X509Certificate2 certificate = WithKey(chain[0], keyText);
            chain.RemoveAt(0);
            return SslStreamCertificateContext.Create(certificate, chain, offline: true);
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            throw Refused(exception.Message.Contains("does not match", StringComparison.Ordinal)
                ? "the private key does not belong to the certificate"
                : NotPem);
        }
    }

    private static string ReadText(string path)
    {
        try
        {
            return Encoding.UTF8.GetString(BoundedFile.Read(path, MaxFileSize));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Refused($"\"{path}\" cannot be read: {FileErrors.Describe(exception)}");
        }
    }

    private void RequireCurrent(X509Certificate2 certificate)
    {
        DateTimeOffset now = time.GetUtcNow();
        if (now > certificate.NotAfter.ToUniversalTime())
        {
            throw Refused($"the certificate expired on {Day(certificate.NotAfter)}");
        }

        if (now < certificate.NotBefore.ToUniversalTime())
        {
            throw Refused($"the certificate is not valid before {Day(certificate.NotBefore)}");
        }
    }

    private static X509Certificate2 WithKey(X509Certificate2 certificate, string keyText)
    {
        using X509Certificate2 ephemeral = X509Certificate2.CreateFromPem(certificate.ExportCertificatePem(), keyText);

        // SslStream refuses ephemeral keys on Windows.
        return OperatingSystem.IsWindows()
            ? X509CertificateLoader.LoadPkcs12(ephemeral.Export(X509ContentType.Pkcs12), null)
            : new X509Certificate2(ephemeral);
    }

    private static string Day(DateTime time) => time.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    private static ToolException Refused(string reason) => ToolException.Setup($"loading TLS config: {reason}");
}
