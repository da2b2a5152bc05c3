using System.Buffers;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Privatemode.AI.AspNetCore.Errors;
using Privatemode.AI.AspNetCore.Status;

namespace Privatemode.AI.AspNetCore.Tests.Errors;

/// <summary>What callers get for each failure, in both dialects.</summary>
public sealed class ErrorTableTests
{
    private const string Secret = "sentinel-of-the-prompt";

    /// <summary>Exceptions of calls. Columns: status, type and code of OpenAI, status and type of Anthropic, retry.</summary>
    public static TheoryData<string, string> Exceptions => new()
    {
        { "PrivatemodeRequestException", "400 invalid_request_error invalid_request | 400 invalid_request_error | false" },
        { "PrivatemodeWouldLeakException", "400 invalid_request_error unknown-endpoint | 400 invalid_request_error | false" },
        { "PrivatemodeModelUnavailableException", "404 invalid_request_error model_not_found | 404 not_found_error | false" },
        { "PrivatemodeServiceException.RateLimited", "429 rate_limit_error rate_limit_exceeded | 429 rate_limit_error | true" },
        { "PrivatemodeServiceException.Unavailable", "503 server_error service_unavailable | 529 overloaded_error | true" },
        { "PrivatemodeServiceException.Timeout", "504 server_error timeout | 504 timeout_error | false" },
        { "PrivatemodeServiceException.TimeoutNotSent", "503 server_error service_unavailable | 529 overloaded_error | true" },
        { "PrivatemodeServiceException.Unreachable", "502 server_error unreachable | 502 api_error | -" },
        { "PrivatemodeServiceException.ClientTooOld", "502 server_error client_too_old | 502 api_error | false" },
        { "PrivatemodeServiceException.ModelUnavailable", "404 invalid_request_error model_not_found | 404 not_found_error | false" },
        { "PrivatemodeServiceException.InvalidRequest", "400 invalid_request_error invalid_request | 400 invalid_request_error | false" },
        { "PrivatemodeServiceException.Other", "502 server_error service_error | 502 api_error | -" },
        { "PrivatemodeServiceException.Other404", "502 server_error service_error | 502 api_error | -" },
        { "PrivatemodeServiceException.Other402", "403 invalid_request_error insufficient_quota | 403 permission_error | false" },
        { "PrivatemodeServiceException.Other403", "403 invalid_request_error permission_denied | 403 permission_error | false" },
        { "PrivatemodeVerificationException", "502 server_error manifest-match | 502 api_error | false" },
        { "PrivatemodeIntegrityException", "502 server_error truncated-stream | 502 api_error | false" },
        { "PrivatemodeConfigurationException", "500 server_error proxy_configuration | 500 api_error | false" },
        { "PrivatemodeConfigurationException.ApiKey", "500 server_error proxy_configuration | 500 api_error | false" },
        { "PrivatemodeConfigurationException.CallersApiKey", "401 invalid_request_error invalid_api_key | 401 authentication_error | false" },
        { "HttpRequestException", "502 server_error unreachable | 502 api_error | -" },
        { "BadHttpRequestException.413", "413 invalid_request_error request_too_large | 413 request_too_large | false" },
        { "BadHttpRequestException.400", "400 invalid_request_error invalid_request | 400 invalid_request_error | false" },
        { "InvalidOperationException", "500 server_error internal_error | 500 api_error | false" },
    };

    /// <summary>Statuses of the service's answers.</summary>
    public static TheoryData<int, string> Answers => new()
    {
        { 400, "400 invalid_request_error invalid_request | 400 invalid_request_error | false" },
        { 401, "500 server_error proxy_configuration | 500 api_error | false" },
        { 402, "403 invalid_request_error insufficient_quota | 403 permission_error | false" },
        { 403, "403 invalid_request_error permission_denied | 403 permission_error | false" },
        { 408, "504 server_error timeout | 504 timeout_error | false" },
        { 422, "422 invalid_request_error invalid_request | 400 invalid_request_error | false" },
        { 429, "429 rate_limit_error rate_limit_exceeded | 429 rate_limit_error | true" },
        { 500, "502 server_error service_error | 502 api_error | -" },
        { 502, "503 server_error service_unavailable | 529 overloaded_error | true" },
        { 503, "503 server_error service_unavailable | 529 overloaded_error | true" },
        { 504, "504 server_error timeout | 504 timeout_error | false" },
        { 599, "502 server_error service_error | 502 api_error | -" },
    };

    [Theory]
    [MemberData(nameof(Exceptions))]
    public void From_EachException_IsTheErrorOfTheTable(string name, string expected) =>
        Assert.Equal(expected, Row(ProxyError.From(Create(name), isCallersApiKey: name.EndsWith("CallersApiKey", StringComparison.Ordinal))));

    [Theory]
    [MemberData(nameof(Answers))]
    public void From_EachStatus_IsTheErrorOfTheTable(int status, string expected) => Assert.Equal(
        expected, Row(ProxyError.From(ServiceErrorAnswer.Read(status, """{"error":{"message":"no"}}"""u8, isAuthenticated: true), isCallersApiKey: false)));

    [Fact]
    public void Table_EveryExceptionAndReasonOfTheLibrary_HasARow()
    {
        string[] rows = [.. Exceptions.Select(row => (string)row[0])];
        string[] types = [.. typeof(PrivatemodeException).Assembly.GetTypes()
            .Where(type => type.IsSubclassOf(typeof(PrivatemodeException)) && type != typeof(PrivatemodeServiceException)).Select(type => type.Name)];

        Assert.NotEmpty(types);
        Assert.All(types, type => Assert.Contains(type, rows));
        Assert.All(Enum.GetNames<ServiceFailureReason>(), reason => Assert.Contains($"PrivatemodeServiceException.{reason}", rows));
    }

    [Fact]
    public void Document_Table_HasEveryErrorAndNoOther()
    {
        string[][] document = [.. File.ReadAllLines(Path.Combine(OptionsTests.Root(), "docs", "proxy.md"))
            .SkipWhile(line => !line.StartsWith("| cause |", StringComparison.Ordinal)).Skip(2).TakeWhile(line => line.StartsWith('|'))
            .Select(line => line.Trim('|').Split('|').Skip(1).Select(cell => cell.Trim().Replace("`", "", StringComparison.Ordinal)).ToArray())];
        string[] rows = [.. Exceptions.Select(row => (string)row[1]), .. Answers.Select(row => (string)row[1]), .. Made().Select(Row)];

        Assert.All(rows, row => Assert.Contains(document, line => IsIn(row, line)));
        Assert.All(document, line => Assert.Contains(rows, row => IsIn(row, line)));
    }

    [Fact]
    public void From_ForeignException_HasNothingOfItsMessage()
    {
        ProxyError error = ProxyError.From(new InvalidOperationException(Secret, new FormatException(Secret)));

        Assert.DoesNotContain(Secret, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, ProxyError.From(new HttpRequestException(Secret)).Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, ProxyError.From(new BadHttpRequestException(Secret)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void From_OwnApiKeyRejected_NeverSays401()
    {
        // Assistants take 401 as a fault of their own login.
        PrivatemodeConfigurationException rejected = new("Privatemode:ApiKey", "The service rejected the API key.");

        Assert.Equal(500, ProxyError.From(rejected).AnthropicStatus);
        Assert.Equal(401, ProxyError.From(rejected, isCallersApiKey: true).AnthropicStatus);
        Assert.Equal(500, ProxyError.From(ServiceErrorAnswer.Read(401, default, false), isCallersApiKey: false).Status);
        Assert.Equal(401, ProxyError.From(ServiceErrorAnswer.Read(401, default, false), isCallersApiKey: true).Status);
    }

    [Fact]
    public void From_ConfigurationError_NamesTheSettingOnly()
    {
        PrivatemodeConfigurationException exception = new("Verification.CollateralDirectory", "/etc/secret is not writable.");

        Assert.DoesNotContain("/etc/secret", ProxyError.From(exception).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void From_RefusedDeployment_NamesTheCheckWithoutDirectoriesAndValues()
    {
        PrivatemodeVerificationException exception = new(
            "manifest-approval", "A manifest was not approved (manifest-approval: expected aa11, found bb22). Delete \"/srv/app/log/decisions.txt\".")
        {
            Expected = "aa11",
            Found = "bb22",
        };
        foreach (string text in new[] { ProxyError.From(exception).Message, VerificationEndpoint.MessageOf(exception) })
        {
            Assert.Contains("manifest-approval", text, StringComparison.Ordinal);
            Assert.All(["/srv", "aa11", "bb22"], value => Assert.DoesNotContain(value, text, StringComparison.Ordinal));
        }

        PrivatemodeConfigurationException log = new("Verification.Manifest", "The manifest log cannot be used: /srv/app/log is not writable.");
        Assert.DoesNotContain("/srv", VerificationEndpoint.MessageOf(log), StringComparison.Ordinal);
    }

    [Fact]
    public void From_RateLimited_SaysWhenToTryAgain()
    {
        ProxyError error = ProxyError.From(
            new PrivatemodeServiceException(ServiceFailureReason.RateLimited, "Too many requests.") { RetryAfter = TimeSpan.FromSeconds(6.2) });

        Assert.EndsWith("Please try again in 7s.", error.Message, StringComparison.Ordinal);
        Assert.Equal("7", ErrorBody.Seconds(error.RetryAfter!.Value));
        Assert.Equal("1", ErrorBody.Seconds(TimeSpan.Zero));
    }

    [Theory]
    [InlineData("This model's maximum context length is 131072 tokens.", "context_length_exceeded")]
    [InlineData("tools must not be empty", "invalid_request")]
    public void From_PromptTooLong_HasTheCodeThatAssistantsActOn(string message, string code)
    {
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(message, TestJson.Default.String);
        ServiceErrorAnswer answer = ServiceErrorAnswer.Read(400, [.. "{\"message\":"u8, .. body, .. "}"u8], isAuthenticated: true);

        Assert.Equal(code, ProxyError.From(answer, false).Code);
        Assert.Equal(code, ProxyError.From(new PrivatemodeServiceException(ServiceFailureReason.InvalidRequest, "See ServerMessage.")
        {
            ServerMessage = message,
            IsServerMessageAuthenticated = true,
        }).Code);
    }

    [Fact]
    public void Read_AuthenticatedError_KeepsCodeParamAndMessage()
    {
        ServiceErrorAnswer answer = ServiceErrorAnswer.Read(
            422, """{"error":{"message":"no such tool","code":"bad_tool","param":"tools"}}"""u8, isAuthenticated: true);
        ProxyError error = ProxyError.From(answer, isCallersApiKey: false);

        Assert.Equal(("no such tool", "bad_tool", "tools", 422), (error.Message, error.Code, error.Param, error.Status));
        Assert.Equal("invalid_request", error.LoggedCode);
    }

    [Theory]
    [InlineData("""{"error":{"message":"m","code":"a\nb","param":7}}""")]
    [InlineData("""{"error":{"message":"m","code":"ü","param":"x\u0000"}}""")]
    public void Read_OddCodes_AreDropped(string body)
    {
        ServiceErrorAnswer answer = ServiceErrorAnswer.Read(400, Encoding.UTF8.GetBytes(body), isAuthenticated: true);

        Assert.Null(answer.Code);
        Assert.Null(answer.Param);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[")]
    [InlineData("""{"error":{"message":"\ud800"}}""")]
    [InlineData("""{"error":null,"detail":[{"msg":"x"}]}""")]
    [InlineData("<html>\u0000</html>")]
    public void Read_OddBodies_AreTexts(string body)
    {
        ServiceErrorAnswer answer = ServiceErrorAnswer.Read(500, Encoding.UTF8.GetBytes(body), isAuthenticated: false);

        Assert.NotEmpty(answer.Text);
    }

    [Fact]
    public void Quote_UnauthenticatedText_IsMarkedCutAndPrintable()
    {
        string text = ServiceErrorAnswer.Quote("\u001b[31mred\r\n\u202eleft\u2028\u2029\u200b" + new string('a', 5000), isAuthenticated: false);

        Assert.StartsWith("Unauthenticated answer of the service: ", text, StringComparison.Ordinal);
        Assert.True(text.Length < 1100);
        Assert.DoesNotContain(text, character => char.IsControl(character) || "\u202e\u2028\u2029\u200b".Contains(character, StringComparison.Ordinal));
        Assert.Equal("plain\ntext", ServiceErrorAnswer.Quote("plain\ntext", isAuthenticated: true));
    }

    [Fact]
    public void Write_BothDialects_HaveTheFormsOfTheVendors()
    {
        ProxyError error = ProxyError.BadRequest("tools", "Say \"no\".");

        Assert.Equal(
            """{"error":{"message":"Say \"no\".","type":"invalid_request_error","param":"tools","code":"invalid_request"}}""",
            Written(error, ProxyDialect.OpenAI));
        Assert.Equal(Written(error, ProxyDialect.OpenAI), Written(error, ProxyDialect.Responses));
        Assert.Equal(
            """{"type":"error","error":{"type":"invalid_request_error","message":"Say \"no\"."},"request_id":"proxy_1"}""",
            Written(error, ProxyDialect.Anthropic));
    }

    [Fact]
    public void WriteEvent_BothDialects_AreOneEventWithoutAnEndMark()
    {
        ArrayBufferWriter<byte> target = new();
        ErrorBody.WriteEvent(ProxyError.NotFound("a\nb"), ProxyDialect.Anthropic, "proxy_1", target);
        string text = Encoding.UTF8.GetString(target.WrittenSpan);

        Assert.StartsWith("event: error\ndata: {\"type\":\"error\"", text, StringComparison.Ordinal);
        Assert.Equal(text.Length - 2, text.IndexOf("\n\n", StringComparison.Ordinal));
    }

    [Fact]
    public async Task WriteAsync_AnthropicOverload_Is529WithAPhraseAndRetryAfter()
    {
        (DefaultHttpContext context, string body) = await AnswerAsync(
            ProxyError.Overloaded("Full.", TimeSpan.FromSeconds(1)), ProxyDialect.Anthropic);

        Assert.Equal(529, context.Response.StatusCode);
        Assert.Equal("Overloaded", context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpResponseFeature>()!.ReasonPhrase);
        Assert.Equal("1", context.Response.Headers.RetryAfter);
        Assert.Equal("true", context.Response.Headers["x-should-retry"]);
        Assert.Equal("proxy_1", context.Response.Headers["request-id"]);
        Assert.Contains("overloaded_error", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WriteAsync_Unauthorized_AsksForABearerTokenInOpenAIsDialectOnly()
    {
        (DefaultHttpContext openAI, _) = await AnswerAsync(ProxyError.Unauthorized("No."), ProxyDialect.OpenAI);
        (DefaultHttpContext anthropic, _) = await AnswerAsync(ProxyError.Unauthorized("No."), ProxyDialect.Anthropic);

        Assert.Equal("Bearer", openAI.Response.Headers.WWWAuthenticate);
        Assert.Equal(0, anthropic.Response.Headers.WWWAuthenticate.Count);
        Assert.Equal("nosniff", openAI.Response.Headers.XContentTypeOptions);
        Assert.Equal("no-store", openAI.Response.Headers.CacheControl);
    }

    private static async Task<(DefaultHttpContext Context, string Body)> AnswerAsync(ProxyError error, ProxyDialect dialect)
    {
        DefaultHttpContext context = new();
        MemoryStream body = new();
        context.Response.Body = body;
        await ErrorBody.WriteAsync(context, error, dialect, "proxy_1");
        return (context, Encoding.UTF8.GetString(body.ToArray()));
    }

    private static string Written(ProxyError error, ProxyDialect dialect)
    {
        ArrayBufferWriter<byte> target = new();
        ErrorBody.Write(error, dialect, "proxy_1", target);
        return Encoding.UTF8.GetString(target.WrittenSpan);
    }

    /// <summary>The errors that the proxy makes itself.</summary>
    private static IEnumerable<ProxyError> Made()
    {
        foreach (MethodInfo method in typeof(ProxyError).GetMethods(BindingFlags.Public | BindingFlags.Static)
            .Where(method => method.ReturnType == typeof(ProxyError) && method.Name is not (nameof(ProxyError.From) or "op_Equality")))
        {
            yield return (ProxyError)method.Invoke(null, [.. method.GetParameters().Select(parameter =>
                parameter.HasDefaultValue ? parameter.DefaultValue : parameter.ParameterType == typeof(TimeSpan) ? TimeSpan.FromSeconds(1) : "x")])!;
        }

        yield return ProxyError.NotFound("x", "unsupported_endpoint");
        yield return ProxyError.BadRequest("x", "x", ProxyError.ContextLengthExceeded);
    }

    /// <param name="row">An error.</param>
    /// <param name="line">A line of the table: OpenAI's status, type and codes, Anthropic's status and type, and whether to retry.</param>
    private static bool IsIn(string row, string[] line)
    {
        string[] error = [.. row.Split('|').Select(part => part.Trim())];
        string[] openAI = error[0].Split(' ');
        string[] words = line[0].Split(' ', ',');
        bool hasCode = line[0].EndsWith(", the error type", StringComparison.Ordinal) ? openAI[2].Contains('-', StringComparison.Ordinal)
            : line[0].EndsWith(", the service's code", StringComparison.Ordinal) ? openAI[0] == "422"
            : words.Contains(openAI[2]);
        return words.Contains(openAI[0]) && words.Contains(openAI[1]) && hasCode && line[1] == error[1] && line[2] == (error[2] == "-" ? "" : error[2]);
    }

    private static string Row(ProxyError error)
    {
        string retry = error.ShouldRetry switch
        {
            null => "-",
            true => "true",
            false => "false",
        };
        return $"{error.Status} {error.Type} {error.Code} | {error.AnthropicStatus} {error.AnthropicType} | {retry}";
    }

    private static Exception Create(string name) => name.Split('.') switch
    {
        ["PrivatemodeRequestException"] => new PrivatemodeRequestException("tools", "No."),
        ["PrivatemodeWouldLeakException"] => new PrivatemodeWouldLeakException("unknown-endpoint", "No."),
        ["PrivatemodeModelUnavailableException"] => new PrivatemodeModelUnavailableException("No."),
        ["PrivatemodeServiceException", "Other402"] => new PrivatemodeServiceException(ServiceFailureReason.Other, "No.") { Status = 402 },
        ["PrivatemodeServiceException", "Other403"] => new PrivatemodeServiceException(ServiceFailureReason.Other, "No.") { Status = 403 },
        ["PrivatemodeServiceException", "Other404"] => new PrivatemodeServiceException(ServiceFailureReason.Other, "No.") { Status = 404 },
        ["PrivatemodeServiceException", "TimeoutNotSent"] => new PrivatemodeServiceException(ServiceFailureReason.Timeout, "No.") { WasNotSent = true },
        ["PrivatemodeServiceException", string reason] => new PrivatemodeServiceException(Enum.Parse<ServiceFailureReason>(reason), "No."),
        ["PrivatemodeVerificationException"] => new PrivatemodeVerificationException("manifest-match", "No."),
        ["PrivatemodeIntegrityException"] => new PrivatemodeIntegrityException("truncated-stream", "No."),
        ["PrivatemodeConfigurationException"] => new PrivatemodeConfigurationException("Transport.IdleTimeout", "No."),
        ["PrivatemodeConfigurationException", _] => new PrivatemodeConfigurationException("ApiKey", "No."),
        ["HttpRequestException"] => new HttpRequestException("No."),
        ["BadHttpRequestException", string status] => new BadHttpRequestException("No.", int.Parse(status)),
        _ => new InvalidOperationException("No."),
    };
}
