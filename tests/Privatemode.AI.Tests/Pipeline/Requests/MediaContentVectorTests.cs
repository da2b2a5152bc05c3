using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Testing.Enclave;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Pipeline.Requests;

/// <summary>vectors/protocol/media_content.json.</summary>
public sealed class MediaContentVectorTests
{
    private readonly JsonElement _file = VectorFiles.Protocol("media_content.json");

    [Fact]
    public void CheckMedia_AllCases_TheTestDeploymentJudgesAsTheService()
    {
        CaseLog log = new();
        foreach (JsonElement vector in _file.Items("cases"))
        {
            log.Run(vector.Text("body"), () => Assert.Equal(vector.Flag("ok"), BodyRules.CheckMedia(vector.Text("body")) is null));
        }

        log.AssertAllPassed(16);
    }

    [Fact]
    public void Resolve_AllCases_WhatTheServiceRefusesIsNotSent()
    {
        RemoteMediaResolver passing = new(RemoteMediaPolicy.FetchByService, null);
        CaseLog log = new();
        foreach (JsonElement vector in _file.Items("cases").Where(vector => vector.Text("body").Length > 0))
        {
            log.Run(vector.Text("body"), () =>
            {
                Exception? exception = Record.Exception(() => Resolve(passing, vector.Text("body")));
                Assert.Equal(vector.Flag("ok"), exception is null);
                Assert.True(exception is null or PrivatemodeWouldLeakException);
            });
        }

        log.AssertAllPassed(15);
    }

    [Fact]
    public void Resolve_ByDefault_RefusesEveryUrlButData()
    {
        RemoteMediaResolver refusing = new(RemoteMediaPolicy.Refuse, null);
        foreach (JsonElement vector in _file.Items("cases").Where(vector => vector.Text("body").Contains("_url\"", StringComparison.Ordinal)))
        {
            bool isData = vector.Flag("ok") && vector.Text("body").Contains("data:", StringComparison.Ordinal);
            Assert.Equal(isData, Record.Exception(() => Resolve(refusing, vector.Text("body"))) is null);
        }
    }

    private static void Resolve(RemoteMediaResolver resolver, string json)
    {
        using JsonRequestBody body = new(PooledBytes.Copy(Encoding.UTF8.GetBytes(json)));
        resolver.ResolveAsync(EndpointRules.ChatCompletions, body, async: false, CancellationToken.None).Completed();
    }
}
