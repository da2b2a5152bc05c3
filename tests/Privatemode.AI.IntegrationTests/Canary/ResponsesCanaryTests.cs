using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Privatemode.AI.IntegrationTests.Responses;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Canary;

/// <summary>The sentinel in every member, item, part and tool of a request for a response, those that are dropped included.</summary>
public sealed class ResponsesCanaryTests : ResponsesTest
{
    private const string S = Sentinel.Text;

    private static readonly string File = Convert.ToBase64String(Sentinel.Bytes);
    private static readonly string TextFile = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{S}-file-text"));

    private readonly CapturingLoggerFactory _logs = new();
    private readonly Activity _activity = Sentinel.StartActivity();

    /// <summary>What the model reads, so that it must be in the decrypted request.</summary>
    private static readonly string[] Sent =
    [
        "instructions", "developer", "user", "part", "refusal", "assistant", "name", "arguments", "custom-input", "output", "output-part", "reasoning",
        "summary", "description", "parameters", "grammar", "custom-description", "ns-description", "schema", "schema-name", "schema-description", "file-text",
        "file-name",
    ];

    /// <summary>What is dropped, so that it must not even be there.</summary>
    private static readonly string[] Dropped =
    [
        "metadata", "client-metadata", "service-tier", "user-id", "safety", "truncation", "retention", "cache-options", "cache-key", "verbosity",
        "summary-word", "item-id", "status", "phase", "annotation", "hosted", "hosted-item", "output-schema", "blob", "tool-caller",
    ];

    protected override void Configure(PrivatemodeOptions options)
    {
        options.LoggerFactory = _logs;
        options.LogEncryptedContent = true;
        options.Responses.HostedTools = HostedToolPolicy.LeaveOut;
        options.PromptCache.Scope = PromptCacheScope.PerClient;
    }

    [Theory]
    [MemberData(nameof(Carriers))]
    public async Task EveryMember_OfARequest_StaysEncryptedOrHere(Carrier carrier)
    {
        foreach (bool stream in (bool[])[false, true])
        {
            _ = Deployment.Model.Reply($"{S} answer").WithReasoning($"{S} reasoning").WithToolCall($"{S}-name", $$"""{"a":"{{S}}"}""");
            (string text, Exception? failure) = await SendAsync(carrier, Everything(stream), stream);
            Assert.Null(failure);
            Assert.Contains(S, text, StringComparison.Ordinal);
        }

        Assert.All(Deployment.Requests, request =>
        {
            Assert.All(Sent, place => Assert.Contains($"{S}-{place}", request.DecryptedBody!.Replace('_', '-'), StringComparison.Ordinal));
            Assert.All(Dropped, place => Assert.DoesNotContain($"{S}-{place}\"", request.DecryptedBody!.Replace('_', '-'), StringComparison.Ordinal));
            Assert.Equal("/v1/chat/completions", request.PathAndQuery);
        });
        AssertNothingLeft([]);
    }

    [Theory]
    [MemberData(nameof(Carriers))]
    public async Task Failures_OfEveryKind_SayNothingOfIt(Carrier carrier)
    {
        List<Exception> exceptions = [];
        foreach (Fault fault in (Fault[])
            [
                Fault.TamperEvent(1), Fault.EncryptedError(400, S), Fault.UnencryptedError(400, S), Fault.ReplaceEventWithError(1, S),
                Fault.UnencryptedEvent(1), Fault.RemoveEndMarker,
            ])
        {
            _ = Deployment.Model.Reply($"{S} answer one two").WithToolCall($"{S}-name", $$"""{"a":"{{S}}"}""");
            Deployment.Faults.Inject(fault);
            (_, Exception? failure) = await SendAsync(carrier, Everything(stream: true), stream: true);
            exceptions.AddRange(failure is null ? [] : [failure]);
        }

        // The handler returns the two answers with an error status.
        bool isHandler = carrier is Carrier.Handler or Carrier.SynchronousHandler;
        Assert.Equal(isHandler ? 4 : 6, exceptions.Count);

        // An error that anyone on the way can have written is no secret of this client, and is what this test makes visible on the wire.
        AssertNothingLeft(exceptions, isWireClean: false);
    }

    [Theory]
    [InlineData($"\"previous_response_id\":\"{S}\"")]
    [InlineData($"\"conversation\":\"{S}\"")]
    [InlineData($$$"""{"prompt":{"id":"{{{S}}}"}}""", true)]
    [InlineData($"\"{S} \":1")]
    [InlineData($"\"text\":{{\"{S} \":1}}")]
    [InlineData($"\"text\":{{\"format\":{{\"type\":\"{S} \"}}}}")]
    [InlineData($"\"reasoning\":{{\"effort\":\"{S}\"}}")]
    [InlineData($"\"include\":[\"{S} \"]")]
    [InlineData($"\"tool_choice\":\"{S}\"")]
    [InlineData($"\"tools\":[{{\"type\":\"{S} \"}}]")]
    [InlineData($"\"tools\":[{{\"type\":\"function\",\"name\":\"f\",\"{S} \":1}}]")]
    [InlineData($"\"input\":[{{\"type\":\"{S} \"}}]")]
    [InlineData($"\"input\":[{{\"type\":\"item_reference\",\"id\":\"{S}\"}}]")]
    [InlineData($"\"input\":[{{\"role\":\"{S}\",\"content\":\"{S}\"}}]")]
    [InlineData($"\"input\":[{{\"role\":\"user\",\"content\":\"{S}\",\"{S} \":1}}]")]
    [InlineData($"\"input\":[{{\"role\":\"user\",\"content\":[{{\"type\":\"{S} \"}}]}}]")]
    [InlineData($"\"input\":[{{\"role\":\"user\",\"content\":[{{\"type\":\"input_image\",\"file_id\":\"{S}\"}}]}}]")]
    [InlineData($"\"input\":[{{\"role\":\"user\",\"content\":[{{\"type\":\"input_image\",\"image_url\":\"https://{S}.example/a.png\"}}]}}]")]
    [InlineData($"\"input\":[{{\"role\":\"user\",\"content\":[{{\"type\":\"input_file\",\"file_url\":\"https://{S}.example/a\"}}]}}]")]
    [InlineData($"\"input\":[{{\"type\":\"function_call_output\",\"call_id\":\"{S}\",\"output\":\"{S}\"}}]")]
    [InlineData($"\"metadata\":{{\"{S}\":1}}")]
    [InlineData($"\"prompt_cache_key\":{{\"a\":\"{S}\"}}")]
    [InlineData($"\"cache_salt\":\"{S}\"")]
    [InlineData($"\"max_output_tokens\":\"{S}\"")]
    [InlineData($"\"a\":\"{S}")]
    public async Task Refused_Request_IsNotQuoted(string members, bool isWhole = false)
    {
        List<Exception> exceptions = [];
        string body = Body(isWhole ? members[1..^1] : members);
        if (!members.Contains("\"input\"", StringComparison.Ordinal))
        {
            body = body.Insert(1, $"\"input\":\"{S}\",");
        }

        foreach (Carrier carrier in Enum.GetValues<Carrier>())
        {
            (_, Exception? failure) = await SendAsync(carrier, body);
            Assert.True(failure is PrivatemodeRequestException or PrivatemodeWouldLeakException, $"{failure}");
            exceptions.Add(failure);
        }

        Assert.Empty(Deployment.Requests);
        AssertNothingLeft(exceptions);
    }

    [Theory]
    [InlineData("GET", $"/v1/responses/{S}")]
    [InlineData("DELETE", $"/v1/responses/{S}")]
    [InlineData("POST", $"/v1/responses/{S}/cancel")]
    [InlineData("POST", "/v1/responses/compact")]
    [InlineData("POST", $"/v1/responses?{S}")]
    [InlineData("GET", $"/v1/responses/{S}/input_items")]
    [InlineData("POST", $"/v1/conversations/{S}/items")]
    public async Task Paths_OfStoredThings_AreNotCalled(string method, string path)
    {
        using HttpRequestMessage request = new(new HttpMethod(method), path) { Content = method == "GET" ? null : Json(Body($"\"input\":\"{S}\"")) };
        PrivatemodeWouldLeakException exception = await Assert.ThrowsAsync<PrivatemodeWouldLeakException>(() => Http.SendAsync(request).OrTimeout());
        Assert.Equal(path.Contains('?', StringComparison.Ordinal) ? "query-string" : "nothing-stored", exception.ErrorType);
        Assert.Empty(Deployment.AllRequests);
        Assert.Empty(Sentinel.FoundIn(exception.ToString()));
    }

    private static string Everything(bool stream) => new JsonObject
    {
        ["model"] = ModelId,
        ["stream"] = stream,
        ["instructions"] = $"{S}-instructions",
        ["input"] = Input(),
        ["tools"] = Tools(),
        ["text"] = new JsonObject
        {
            ["verbosity"] = $"{S}-verbosity",
            ["format"] = JsonNode.Parse($$"""
                {"type":"json_schema","name":"{{S}}-schema-name","description":"{{S}}-schema-description",
                "schema":{"type":"object","title":"{{S}}-schema"},"strict":true}
                """),
        },
        ["reasoning"] = new JsonObject { ["effort"] = "low", ["summary"] = $"{S}-summary-word" },
        ["include"] = new JsonArray("reasoning.encrypted_content"),
        ["metadata"] = new JsonObject { [$"{S}-metadata"] = $"{S}-metadata" },
        ["client_metadata"] = new JsonObject { [$"{S}-client-metadata"] = $"{S}-client-metadata" },
        ["service_tier"] = $"{S}-service-tier",
        ["user"] = $"{S}-user-id",
        ["safety_identifier"] = $"{S}-safety",
        ["truncation"] = "auto",
        ["prompt_cache_key"] = $"{S}-cache-key",
        ["prompt_cache_retention"] = $"{S}-retention",
        ["prompt_cache_options"] = new JsonObject { ["a"] = $"{S}-cache-options" },
        ["max_output_tokens"] = 100,
        ["parallel_tool_calls"] = true,
        ["tool_choice"] = "auto",
        ["store"] = false,
        ["background"] = false,
    }.ToJsonString();

    private static JsonArray Input() => JsonNode.Parse($$"""
        [
          {"role":"developer","content":"{{S}}-developer","id":"{{S}}-item-id","status":"{{S}}-status"},
          {"type":"message","role":"user","content":"{{S}}-user","phase":"{{S}}-phase"},
          {"role":"user","content":[
            {"type":"input_text","text":"{{S}}-part"},
            {"type":"input_image","image_url":"data:image/png;base64,{{File}}","detail":"high"},
            {"type":"input_file","filename":"{{S}}-file-name.txt","file_data":"{{TextFile}}"},
            {"type":"input_file","filename":"{{S}}-file-name.pdf","file_data":"data:application/pdf;base64,{{File}}"}]},
          {"type":"reasoning","id":"{{S}}-item-id","summary":[{"type":"summary_text","text":"{{S}}-summary"}],"encrypted_content":"{{S}}-blob"},
          {"type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"{{S}}-reasoning"}]},
          {"type":"message","role":"assistant","content":[
            {"type":"output_text","text":"{{S}}-assistant","annotations":[{"type":"url_citation","url":"{{S}}-annotation"}]},
            {"type":"refusal","refusal":"{{S}}-refusal"}]},
          {"type":"function_call","call_id":"{{S}}_call","name":"{{S}}-name","arguments":"{\"a\":\"{{S}}-arguments\"}","status":"{{S}}-status"},
          {"type":"custom_tool_call","call_id":"{{S}}_custom","name":"c","input":"{{S}}-custom-input","id":"{{S}}-item-id"},
          {"type":"function_call_output","call_id":"{{S}}_call","output":"{{S}}-output","status":"{{S}}-status"},
          {"type":"custom_tool_call_output","call_id":"{{S}}_custom","output":[{"type":"input_text","text":"{{S}}-output-part"},
            {"type":"input_image","image_url":"data:image/png;base64,{{File}}"}]},
          {"type":"web_search_call","id":"{{S}}-hosted-item","status":"completed","action":{"query":"{{S}}-hosted-item"} },
          {"role":"user","content":"go on"}
        ]
        """)!.AsArray();

    private static JsonArray Tools() => JsonNode.Parse($$"""
        [
          {"type":"function","name":"{{S}}-name","description":"{{S}}-description","parameters":{"type":"object","title":"{{S}}-parameters"},
            "output_schema":{"title":"{{S}}-output-schema"} },
          {"type":"custom","name":"c","description":"{{S}}-custom-description","format":{"type":"grammar","syntax":"lark","definition":"{{S}}-grammar"} },
          {"type":"namespace","name":"{{S}}","description":"{{S}}-ns-description","tools":[{"type":"function","name":"n"}]},
          {"type":"web_search","user_location":{"city":"{{S}}-hosted"} },
          {"type":"mcp","server_label":"{{S}}-hosted","server_url":"https://{{S}}.example","authorization":"{{S}}-hosted"}
        ]
        """)!.AsArray();

    private void AssertNothingLeft(IEnumerable<Exception> exceptions, bool isWireClean = true)
    {
        Assert.Same(_activity, Activity.Current);
        Assert.Empty(Sentinel.FoundIn(Deployment.GetReceivedBytes()));
        if (isWireClean)
        {
            Assert.All(Deployment.AllRequests, request => Assert.Empty(Sentinel.FoundIn(request.WireResponseText)));
            Assert.All(_logs.Lines, line => Assert.Empty(Sentinel.FoundIn(line)));
        }

        Assert.All(exceptions.OfType<PrivatemodeException>(), exception => Assert.Empty(Sentinel.FoundIn(exception.ToString())));
    }
}
