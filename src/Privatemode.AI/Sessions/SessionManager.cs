namespace Privatemode.AI.Sessions;

/// <summary>The session of the API key in use. When the key is rotated, the session of the old one ends.</summary>
internal sealed class SessionManager(SecretExchanger exchanger, TimeProvider time) : IDisposable
{
    private readonly Lock _gate = new();
    private string? _apiKey;
    private AccountSession? _account;
    private bool _disposed;

    /// <inheritdoc cref="AccountSession.AcquireAsync"/>
    public ValueTask<SecretLease> AcquireAsync(string apiKey, string? rejectedId, bool async, CancellationToken cancellationToken) =>
        AccountOf(apiKey).AcquireAsync(rejectedId, async, cancellationToken);

    public void Dispose()
    {
        AccountSession? account;
        lock (_gate)
        {
            _disposed = true;
            (account, _account) = (_account, null);
        }

        account?.Dispose();
    }

    private AccountSession AccountOf(string apiKey)
    {
        AccountSession? retired;
        AccountSession account;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_account is not null && _apiKey == apiKey)
            {
                return _account;
            }

            retired = _account;
            account = _account = new AccountSession((async, token) => exchanger.GetAsync(apiKey, async, token), time);
            _apiKey = apiKey;
        }

        retired?.Dispose();
        return account;
    }
}
