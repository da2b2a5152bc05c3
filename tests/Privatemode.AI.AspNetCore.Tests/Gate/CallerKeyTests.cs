using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Privatemode.AI.AspNetCore.Errors;
using Privatemode.AI.AspNetCore.Gate;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.AspNetCore.Tests.Gate;

/// <summary>Which keys callers may present, and how they are compared.</summary>
public sealed class CallerKeyTests : IDisposable
{
    private const string First = "first-caller-key-0001";
    private const string Second = "second-caller-key-002";
    private const string Third = "third-caller-key-0003";

    private readonly ManualTimeProvider _time = new();
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Theory]
    [InlineData(First, 0)]
    [InlineData(Second, 1)]
    [InlineData(Third, 2)]
    public void Check_BearerKey_NamesItsCaller(string key, int index)
    {
        (ProxyError? error, ProxyCaller caller) = Check(request => request.Headers.Authorization = $"Bearer {key}");

        Assert.Null(error);
        Assert.Equal(new ProxyCaller(index, Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(key)))), caller);
    }

    [Theory]
    [InlineData("Authorization", "bearer " + First)]
    [InlineData("x-api-key", First)]
    [InlineData("api-key", First)]
    public void Check_EachHeader_IsAccepted(string header, string value) => Assert.Null(Check(request => request.Headers[header] = value).Error);

    [Fact]
    public void Check_TwoKeys_EitherMayMatch()
    {
        Assert.Equal(1, Check(request => (request.Headers.Authorization, request.Headers["x-api-key"]) = ("Bearer other-key", Second)).Caller.Index);
        Assert.Equal(2, Check(request => (request.Headers.Authorization, request.Headers["x-api-key"]) = ($"Bearer {Third}", "other-key")).Caller.Index);
        Assert.Equal(2, Check(request => (request.Headers.Authorization, request.Headers["x-api-key"]) = ($"Bearer {Third}", Second)).Caller.Index);
    }

    [Theory]
    [InlineData("Authorization", "Bearer ")]
    [InlineData("Authorization", "Basic " + First)]
    [InlineData("Authorization", First)]
    [InlineData("Authorization", "Bearer " + First + "x")]
    [InlineData("Authorization", "Bearer first-caller-key-000")]
    [InlineData("Authorization", "Bearer FIRST-CALLER-KEY-0001")]
    [InlineData("x-api-key", "")]
    [InlineData("cookie", First)]
    public void Check_AnythingElse_IsRefused(string header, string value)
    {
        (ProxyError? error, ProxyCaller caller) = Check(request => request.Headers[header] = value);

        Assert.Equal((401, "invalid_api_key"), (error?.Status, error?.Code));
        Assert.Equal(ProxyCaller.Unknown, caller);
        Assert.DoesNotContain("first-caller", error!.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Check_NoKeyAtAll_IsRefused() => Assert.Equal(401, Check(_ => { }).Error?.Status);

    [Fact]
    public void Check_TwoValuesOfOneHeader_AreRefused() =>
        Assert.Equal(401, Check(request => request.Headers["x-api-key"] = new Microsoft.Extensions.Primitives.StringValues([First, First])).Error?.Status);

    [Theory]
    [InlineData(First)]
    [InlineData(Third)]
    [InlineData("first-caller-key-0009")]
    [InlineData("x")]
    [InlineData("")]
    public void Find_AnyInput_IsComparedWithEveryKeyOnce(string presented)
    {
        List<string> compared = [];
        CallerKeys keys = Keys((left, right) =>
        {
            compared.Add(Convert.ToHexString(right));
            return CryptographicOperations.FixedTimeEquals(left, right);
        });

        _ = keys.Find(presented);

        Assert.Equal(3, compared.Count);
        Assert.Equal(3, compared.Distinct().Count());
    }

    [Fact]
    public void Find_LongText_IsComparedAndRefused()
    {
        int compared = 0;
        CallerKeys keys = Keys((_, _) =>
        {
            compared++;
            return true;
        });

        Assert.Equal(0, keys.Find(new string('a', 100_000)));
        Assert.Equal(3, compared);
    }

    [Fact]
    public void Check_NoKeysConfigured_AcceptsAnyAndNone()
    {
        Assert.Null(Check(request => request.Headers.Authorization = "Bearer anything", _ => { }).Error);
        Assert.Equal(ProxyCaller.Unknown, Check(_ => { }, _ => { }).Caller);
    }

    [Fact]
    public void Check_CallersApiKey_IsKeptForTheRequestOnly()
    {
        DefaultHttpContext context = Local();
        context.Request.Headers["x-api-key"] = "pm-api-key-of-a-caller";

        ProxyError? error = Gate(options => options.UseCallerKeyAsApiKey = true).Check(context, GateNeeds.Key, out ProxyCaller caller);

        Assert.Null(error);
        Assert.Equal("pm-api-key-of-a-caller", context.Features.Get<CallerApiKey>()?.Value);
        Assert.Equal(-1, caller.Index);
        Assert.Equal(64, caller.KeyDigest.Length);
    }

    [Theory]
    [InlineData("")]
    [InlineData("short")]
    [InlineData("key with spaces in it")]
    [InlineData("key-with-ümlaut-in-it")]
    public void Check_UnusableApiKeyOfACaller_IsRefused(string key) =>
        Assert.Equal(401, Check(request => request.Headers["x-api-key"] = key, options => options.UseCallerKeyAsApiKey = true).Error?.Status);

    [Fact]
    public void Find_KeyFile_IsReadAgainWhenItChanges()
    {
        File.WriteAllText(_file, $"# callers\n\n{First}\r\n");
        CallerKeys keys = FileKeys(out _);
        Assert.Equal(1, keys.Find(First));

        Change($"{Second}\n");
        Assert.Equal(1, keys.Find(First));
        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(0, keys.Find(First));
        Assert.Equal(1, keys.Find(Second));
    }

    [Fact]
    public void Find_KeyFileOfAMountedSecret_IsReadAgainWhenItsDirectoryIsReplaced()
    {
        // As Kubernetes does it: the link to the file stays, and a link of its path is pointed to another directory.
        string root = Directory.CreateTempSubdirectory("privatemode-caller-keys-").FullName;
        try
        {
            WriteVersion("1", First);
            _ = Directory.CreateSymbolicLink(Path.Combine(root, "..data"), "1");
            string file = Path.Combine(root, "keys");
            _ = File.CreateSymbolicLink(file, Path.Combine("..data", "keys"));
            CallerKeys keys = new(ProxyParts.Options(options => options.CallerKeyFiles.Add(file)), _time, ProxyParts.Telemetry(_time));
            Assert.Equal(1, keys.Find(First));

            WriteVersion("2", Second);
            Directory.Delete(Path.Combine(root, "..data"));
            _ = Directory.CreateSymbolicLink(Path.Combine(root, "..data"), "2");
            _time.Advance(TimeSpan.FromSeconds(2));

            Assert.Equal(0, keys.Find(First));
            Assert.Equal(1, keys.Find(Second));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }

        void WriteVersion(string name, string key)
        {
            string directory = Directory.CreateDirectory(Path.Combine(root, name)).FullName;
            File.WriteAllText(Path.Combine(directory, "keys"), $"{key}\n");
            int day = int.Parse(name, CultureInfo.InvariantCulture);
            File.SetLastWriteTimeUtc(Path.Combine(directory, "keys"), new DateTime(2026, 1, day, 0, 0, 0, DateTimeKind.Utc));
        }
    }

    [Theory]
    [InlineData("short\n")]
    [InlineData("# no key\n")]
    [InlineData(Second + "\n" + Second + "\n")]
    [InlineData(null)]
    public void Find_KeyFileBecomesUnusable_KeepsTheLastGoodKeysAndLogs(string? content)
    {
        File.WriteAllText(_file, $"{First}\n");
        CallerKeys keys = FileKeys(out LogRecorder log);
        Assert.Equal(1, keys.Find(First));

        if (content is null)
        {
            File.Delete(_file);
        }
        else
        {
            Change(content);
        }

        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(1, keys.Find(First));
        Assert.Equal(0, keys.Find(Second));
        string line = Assert.Single(log.Lines);
        Assert.Contains("CallerKeyFiles:0", line, StringComparison.Ordinal);
        Assert.DoesNotContain("caller-key", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_ManyWrongKeysOfOneAddress_AreAnsweredSlowly()
    {
        ProxyGate gate = Gate(SetKeys);
        ProxyError?[] errors = [.. Enumerable.Range(0, 25).Select(_ => Wrong(gate, "192.0.2.1"))];

        Assert.Equal(20, errors.Count(error => error!.Delay == TimeSpan.Zero));
        Assert.Equal(5, errors.Count(error => error!.Delay == TimeSpan.FromSeconds(1)));
        Assert.Equal(TimeSpan.Zero, Wrong(gate, "192.0.2.2")!.Delay);
        _time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(TimeSpan.Zero, Wrong(gate, "192.0.2.1")!.Delay);
    }

    [Fact]
    public void FailedKeys_ManyAddresses_AreBoundedAndNetworksAreOne()
    {
        FailedKeys failures = new(_time);
        for (int i = 0; i < 5000; i++)
        {
            _ = failures.Add(new System.Net.IPAddress(i));
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.Equal(FailedKeys.MaxAddresses, failures.Count);
        bool[] frequent = [.. Enumerable.Range(0, 30).Select(i => failures.Add(System.Net.IPAddress.Parse($"2001:db8::{i:x}")))];
        Assert.Equal(10, frequent.Count(isFrequent => isFrequent));
    }

    private static ProxyError? Wrong(ProxyGate gate, string address)
    {
        DefaultHttpContext context = Local();
        context.Connection.RemoteIpAddress = System.Net.IPAddress.Parse(address);
        context.Request.Headers["x-api-key"] = "a-wrong-key-of-a-caller";
        return gate.Check(context, GateNeeds.Key, out _);
    }

    private CallerKeys FileKeys(out LogRecorder log)
    {
        log = new LogRecorder();
        return new CallerKeys(ProxyParts.Options(options => options.CallerKeyFiles.Add(_file)), _time, ProxyParts.Telemetry(_time, log));
    }

    private void Change(string content)
    {
        DateTime before = File.GetLastWriteTimeUtc(_file);
        File.WriteAllText(_file, content);
        File.SetLastWriteTimeUtc(_file, before.AddSeconds(1));
    }

    private CallerKeys Keys(DigestComparer comparer) => new(ProxyParts.Options(SetKeys), _time, ProxyParts.Telemetry(), comparer);

    private (ProxyError? Error, ProxyCaller Caller) Check(Action<HttpRequest> set, Action<PrivatemodeProxyOptions>? configure = null)
    {
        DefaultHttpContext context = Local();
        set(context.Request);
        ProxyError? error = Gate(configure ?? SetKeys).Check(context, GateNeeds.Key, out ProxyCaller caller);
        return (error, caller);
    }

    private ProxyGate Gate(Action<PrivatemodeProxyOptions> configure)
    {
        var options = ProxyParts.Options(configure);
        return new ProxyGate(options, new CallerKeys(options, _time, ProxyParts.Telemetry()), _time, ProxyParts.Telemetry());
    }

    private static void SetKeys(PrivatemodeProxyOptions options)
    {
        options.CallerKeys.Add(First);
        options.CallerKeys.Add(Second);
        options.CallerKeys.Add(Third);
    }

    private static DefaultHttpContext Local()
    {
        DefaultHttpContext context = new();
        context.Request.Host = new HostString("localhost", 8080);
        context.Request.Scheme = "http";
        return context;
    }
}
