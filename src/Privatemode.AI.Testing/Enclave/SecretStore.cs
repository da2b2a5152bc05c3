using System.Collections.Concurrent;

namespace Privatemode.AI.Testing.Enclave;

/// <summary>The inference secrets of the deployment, each of which is valid for one hour.</summary>
/// <param name="time">The clock of the deployment.</param>
/// <param name="used">Called with the age of a secret whenever a request uses it.</param>
internal sealed class SecretStore(TimeProvider time, Action<TimeSpan>? used = null)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<string, (byte[] Key, DateTimeOffset Expires)> _secrets = [];

    public int Count => _secrets.Count;

    /// <summary>Stores a secret. Returns false if there is already one with this ID, which means for the same public key.</summary>
    public bool TryAdd(string id, byte[] key) => _secrets.TryAdd(id, (key, time.GetUtcNow() + Lifetime));

    /// <summary>Returns the secret with an ID.</summary>
    /// <param name="id">The ID.</param>
    /// <param name="refusing">The beginning of the service's message for an unknown secret.</param>
    /// <exception cref="EnclaveException">The secret is unknown or has expired.</exception>
    public byte[] Get(string id, string refusing)
    {
        TimeSpan left = TimeSpan.Zero;
        if (_secrets.TryGetValue(id, out (byte[] Key, DateTimeOffset Expires) secret))
        {
            left = secret.Expires - time.GetUtcNow();
            used?.Invoke(Lifetime - left);
        }

        return left > TimeSpan.Zero ? secret.Key : throw new EnclaveException(500, $"{refusing}no secret for ID {GoText.Quote(id)}");
    }

    public void ForgetAll() => _secrets.Clear();
}
