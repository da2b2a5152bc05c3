using System.Text;
using System.Text.Json.Nodes;
using Privatemode.AI.Responses;

namespace Privatemode.AI.Tests.Responses;

/// <summary>Failures in the words that clients of the Responses API know.</summary>
public sealed class ResponseErrorsTests
{
    private const string ContextLength = "This model's maximum context length is 131072 tokens.";

    [Theory]
    [InlineData(400, """{"error":{"message":"bad","type":"t","param":"p","code":"c","x":1}}""", """{"message":"bad","type":"t","param":"p","code":"c"}""")]
    [InlineData(
        400, """{"message":"bad","type":"BadRequestError","param":null,"code":400}""",
        """{"message":"bad","type":"BadRequestError","param":null,"code":null}""")]
    [InlineData(
        400, """{"object":"error","message":"b\"d","param":"messages"}""",
        """{"message":"b\"d","type":"invalid_request_error","param":"input","code":null}""")]
    [InlineData(422, """{"detail":"bad"}""", """{"message":"bad","type":"invalid_request_error","param":null,"code":null}""")]
    [InlineData(
        422, """{"detail":[{"msg":"bad"}]}""", """{"message":"[{\"msg\":\"bad\"}]","type":"invalid_request_error","param":null,"code":null}""")]
    [InlineData(500, """{"error":"bad"}""", """{"message":"bad","type":"server_error","param":null,"code":null}""")]
    [InlineData(502, "Bad gateway\n", """{"message":"Bad gateway","type":"server_error","param":null,"code":null}""")]
    [InlineData(503, "<html>\"x\"</html>", """{"message":"<html>\"x\"</html>","type":"server_error","param":null,"code":null}""")]
    [InlineData(401, "", """{"message":"The service answered with status 401.","type":"authentication_error","param":null,"code":null}""")]
    [InlineData(403, "\"no\"", """{"message":"no","type":"permission_error","param":null,"code":null}""")]
    [InlineData(
        429, """{"error":{"message":"slow","code":"rate_limited"}}""", """{"message":"slow","type":"rate_limit_error","param":null,"code":"rate_limited"}""")]
    [InlineData(404, "{\"a\":1}", """{"message":"{\"a\":1}","type":"invalid_request_error","param":null,"code":null}""")]
    [InlineData(400, "{\"message\":\"a\",\"message\":\"b\"}", """
        {"message":"{\"message\":\"a\",\"message\":\"b\"}","type":"invalid_request_error","param":null,"code":null}
        """)]
    [InlineData(
        400, $$"""{"message":"{{ContextLength}}","param":"max_completion_tokens","code":400}""",
        $$"""{"message":"{{ContextLength}}","type":"invalid_request_error","param":"max_output_tokens","code":"context_length_exceeded"}""")]
    public void Body_OfAnyForm_BecomesThatOfOpenAI(int status, string body, string expected) => ResponseVectors.Equal(
        JsonNode.Parse($$"""{"error":{{expected}}}"""), JsonNode.Parse(ResponseErrors.Translate(status, Encoding.UTF8.GetBytes(body))));

    [Fact]
    public void Body_WithWhatIsNoText_IsStillJson() =>
        Assert.NotNull(JsonNode.Parse(ResponseErrors.Translate(500, [0xff, (byte)'a', 0x00, (byte)'"']))!["error"]!["message"]);

    public static TheoryData<Exception, string, string> Failures => new()
    {
        { new PrivatemodeIntegrityException("truncated-stream", "Cut."), "server_error", "Cut." },
        { Service(ServiceFailureReason.RateLimited, retryAfter: 1.5), "rate_limit_exceeded", "Text. Please try again in 1.5s." },
        { Service(ServiceFailureReason.RateLimited), "rate_limit_exceeded", "Text." },
        { Service(ServiceFailureReason.InvalidRequest, ContextLength), "context_length_exceeded", ContextLength },
        { Service(ServiceFailureReason.InvalidRequest, ContextLength, isAuthenticated: false), "invalid_prompt", "Text." },
        { Service(ServiceFailureReason.InvalidRequest, "bad"), "invalid_prompt", "bad" },
        { Service(ServiceFailureReason.Timeout), "server_error", "Text." },
        { Service(ServiceFailureReason.Unavailable, "why"), "server_error", "Text. why" },
        { new PrivatemodeRequestException("input", "Wrong."), "invalid_prompt", "Wrong." },
        { new PrivatemodeWouldLeakException("unknown-header", "Leaks."), "invalid_prompt", "Leaks." },
        { new InvalidOperationException("perhaps the prompt"), "server_error", "The request failed (InvalidOperationException)." },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public void Failure_HasACodeThatClientsKnow(Exception failure, string code, string message) =>
        Assert.Equal((code, message), ResponseErrors.Of(failure));

    private static PrivatemodeServiceException Service(
        ServiceFailureReason reason, string? words = null, bool isAuthenticated = true, double? retryAfter = null)
    {
        TimeSpan? wait = retryAfter is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
        return new(reason, "Text.") { ServerMessage = words, IsServerMessageAuthenticated = isAuthenticated, RetryAfter = wait };
    }
}
