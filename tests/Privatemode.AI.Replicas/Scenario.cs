using System.Security.Cryptography;
using Privatemode.AI.Testing;
using StackExchange.Redis;

namespace Privatemode.AI.Replicas;

/// <summary>Replicas of one deployment and one Redis server, one after the other, while the server loses, changes or withholds what it keeps.</summary>
internal sealed class Scenario(PrivatemodeTestDeployment deployment, RedisServer server)
{
    // The field of Microsoft.Extensions.Caching.StackExchangeRedis that has the value.
    private const string Data = "data";

    private static readonly TimeSpan MaxRetention = TimeSpan.FromDays(400);

    private int _failed;

    /// <summary>The requests of one replica that finds nothing, for each source of AMD or Intel that it asks.</summary>
    private string _all = "";

    /// <summary>Returns the number of failed checks.</summary>
    public async Task<int> RunAsync()
    {
        await using ConnectionMultiplexer connection = await server.ConnectAsync();
        IDatabase redis = connection.GetDatabase();
        IServer keys = connection.GetServer(server.Address);

        _all = await AskedByReplicaAsync("the first replica");
        Check("the first replica asks AMD or Intel", _all.Length > 0);
        await ExpectAsync("the second replica", "");
        await ExpectAsync("a replica without Redis", _all, redis: "");
        CheckKept(redis, [.. keys.Keys()]);

        foreach ((string what, Func<byte[], byte[]> damage) in Damages)
        {
            foreach (RedisKey key in keys.Keys())
            {
                _ = redis.HashSet(key, Data, damage(((byte[]?)redis.HashGet(key, Data))!));
            }

            await ExpectAsync($"a replica that finds {what}", _all);
            await ExpectAsync("the next one", "");
        }

        await ExchangeAsync(redis, [.. keys.Keys()]);
        await ExpectAsync("a replica that finds the file of another address", _all);
        await ExpectAsync("the next one", "");

        foreach (RedisKey key in keys.Keys())
        {
            _ = redis.StringSet(key, "no hash");
        }

        await ExpectAsync("a replica whose commands are refused", _all);
        await keys.FlushDatabaseAsync();
        await ExpectAsync("a replica after everything was deleted", _all);
        await ExpectAsync("the next one", "");

        // Its port accepts connections, and nothing answers.
        server.Pause();
        await ExpectAsync("a replica while the server does not answer", _all);
        server.Continue();
        await ExpectAsync("a replica while it answers again", "");
        await server.StopAsync();
        await ExpectAsync("a replica after the server has ended", _all);
        return _failed;
    }

    private static IEnumerable<(string What, Func<byte[], byte[]> Damage)> Damages =>
    [
        ("random bytes", value => RandomNumberGenerator.GetBytes(value.Length)),
        ("empty values", _ => []),
        ("values that end too early", value => value[..^20]),
        ("values with a changed byte", Flip),
        ("values of 16 MiB", value => [.. value, .. new byte[16 * 1024 * 1024]]),
    ];

    /// <summary>Changes a bit in the middle of the file, behind the three lines that say what it is.</summary>
    private static byte[] Flip(byte[] value)
    {
        byte[] flipped = [.. value];
        int begin = 0;
        for (int line = 0; line < 3; line++)
        {
            begin += value.AsSpan(begin).IndexOf((byte)'\n') + 1;
        }

        flipped[(begin + value.Length) / 2] ^= 1;
        return flipped;
    }

    /// <summary>Gives each key the value of the next one: authentic, but not what is asked for.</summary>
    private static async Task ExchangeAsync(IDatabase redis, RedisKey[] keys)
    {
        RedisValue[] values = [.. keys.Select(key => redis.HashGet(key, Data))];
        for (int i = 0; i < keys.Length; i++)
        {
            _ = await redis.HashSetAsync(keys[i], Data, values[(i + 1) % keys.Length]);
        }
    }

    /// <summary>Keys are named after this library, and Redis deletes each of them some day.</summary>
    private void CheckKept(IDatabase redis, RedisKey[] keys)
    {
        Check("Redis has as many files as were retrieved", keys.Length == Requests().Sum(source => source.Count) / 2);
        Check(
            "their names begin with the name of the library",
            keys.All(key => key.ToString().StartsWith("Privatemode.AI:collateral:", StringComparison.Ordinal)));
        Check("they are deleted within 400 days", keys.All(key => redis.KeyTimeToLive(key) <= MaxRetention));
    }

    private async Task ExpectAsync(string who, string expected, string? redis = null)
    {
        string asked = await AskedByReplicaAsync(who, redis);
        Check($"{who} asks {(expected.Length == 0 ? "neither AMD nor Intel" : "AMD or Intel for everything")}", asked == expected);
    }

    /// <summary>Runs a replica to its end, and says what it asked AMD and Intel.</summary>
    private async Task<string> AskedByReplicaAsync(string who, string? redis = null)
    {
        Dictionary<EvidenceSource, int> before = Requests().ToDictionary(source => source.Source, source => source.Count);
        string end = await Replica.StartAsync(deployment, redis ?? server.Address);
        string asked = string.Join(", ", Requests()
            .Select(source => (source.Source, Count: source.Count - before[source.Source]))
            .Where(source => source.Count > 0)
            .Select(source => $"{source.Source} {source.Count}"));
        Console.WriteLine($"{deployment.Evidence.Kind}, {who}: {end}, requests: {(asked.Length == 0 ? "none" : asked)}");
        Check($"{who} verifies the deployment", end.StartsWith(Replica.Verified, StringComparison.Ordinal));
        return asked;
    }

    private List<(EvidenceSource Source, int Count)> Requests() =>
    [
        .. Enum.GetValues<EvidenceSource>().Where(source => source > EvidenceSource.Manifest)
            .Select(source => (source, deployment.Evidence.GetRequestCount(source))),
    ];

    private void Check(string what, bool holds)
    {
        if (!holds)
        {
            _failed++;
            Console.WriteLine($"FAILED: {what}");
        }
    }
}
