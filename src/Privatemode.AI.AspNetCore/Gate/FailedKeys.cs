using System.Net;
using System.Net.Sockets;

namespace Privatemode.AI.AspNetCore.Gate;

/// <summary>Counts the wrong caller keys from each IP address, so that answers to an address with many of them can be delayed.</summary>
internal sealed class FailedKeys(TimeProvider time)
{
    public const int MaxAddresses = 1024;

    private const int MaxFailuresPerMinute = 20;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Dictionary<IPAddress, (long Began, int Count)> _failures = [];
    private readonly Lock _gate = new();

    /// <summary>The number of addresses that are counted.</summary>
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
    /// <returns>Whether the address sent too many wrong keys in the last minute.</returns>
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

    /// <summary>Returns the address that is counted. For IPv6, it is the network, because one caller has a whole network of addresses.</summary>
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
