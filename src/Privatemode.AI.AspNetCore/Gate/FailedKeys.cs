using System.Net;
using System.Net.Sockets;

namespace Privatemode.AI.AspNetCore.Gate;

/// <summary>Counts wrong caller keys of each address, so that an address with many of them can be answered slowly.</summary>
internal sealed class FailedKeys(TimeProvider time)
{
    public const int MaxAddresses = 1024;

    private const int MaxFailuresPerMinute = 20;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Dictionary<IPAddress, (long Began, int Count)> _failures = [];
    private readonly Lock _gate = new();

    /// <summary>How many addresses are known.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _failures.Count;
            }
        }
    }

    /// <summary>Counts a wrong key.</summary>
    /// <returns>Whether the address had too many in the last minute.</returns>
    public bool Add(IPAddress? address)
    {
        IPAddress key = Network(address ?? IPAddress.None);
        lock (_gate)
        {
            long now = time.GetTimestamp();
            if (!_failures.TryGetValue(key, out (long Began, int Count) known) || time.GetElapsedTime(known.Began, now) >= Window)
            {
                known = (now, 0);
                EvictOne(now);
            }

            _failures[key] = (known.Began, known.Count + 1);
            return known.Count >= MaxFailuresPerMinute;
        }
    }

    private void EvictOne(long now)
    {
        if (_failures.Count < MaxAddresses)
        {
            return;
        }

        foreach (IPAddress old in _failures.Where(entry => time.GetElapsedTime(entry.Value.Began, now) >= Window).Select(entry => entry.Key).ToArray())
        {
            _ = _failures.Remove(old);
        }

        if (_failures.Count >= MaxAddresses)
        {
            _ = _failures.Remove(_failures.MinBy(entry => entry.Value.Began).Key);
        }
    }

    /// <summary>One caller has a whole network of IPv6 addresses.</summary>
    private static IPAddress Network(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6 || address.IsIPv4MappedToIPv6)
        {
            return address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        }

        byte[] bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }
}
