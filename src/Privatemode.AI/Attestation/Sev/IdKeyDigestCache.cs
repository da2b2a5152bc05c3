namespace Privatemode.AI.Attestation.Sev;

/// <summary>Remembers the few ID key digests a client needs; each costs milliseconds. Thread-safe.</summary>
internal sealed class IdKeyDigestCache
{
    /// <summary>More than any deployment has; a new one then takes the place of all.</summary>
    public const int Capacity = 16;

    private readonly Dictionary<(string Measurement, ulong Policy), byte[]> _digests = [];
    private readonly Lock _lock = new();

    /// <summary>How many digests were computed.</summary>
    public int Computed { get; private set; }

    /// <summary>The same as <see cref="IdKeyDigest.Compute"/>.</summary>
    public ReadOnlyMemory<byte> Get(ReadOnlySpan<byte> launchDigest, ulong policy)
    {
        (string, ulong) key = (Convert.ToHexString(launchDigest), policy);
        lock (_lock)
        {
            if (_digests.TryGetValue(key, out byte[]? known))
            {
                return known;
            }

            if (_digests.Count == Capacity)
            {
                _digests.Clear();
            }

            byte[] digest = IdKeyDigest.Compute(launchDigest, policy);
            _digests.Add(key, digest);
            Computed++;
            return digest;
        }
    }
}
