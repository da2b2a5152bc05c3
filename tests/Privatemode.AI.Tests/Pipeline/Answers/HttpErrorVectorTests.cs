using System.Text;
using System.Text.Json;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Testing.Server;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Pipeline.Answers;

/// <summary>vectors/protocol/http_error.json.</summary>
public sealed class HttpErrorVectorTests
{
    private readonly JsonElement _file = VectorFiles.Protocol("http_error.json");

    [Fact]
    public void Read_AllCases_FindsTheMessage()
    {
        CaseLog log = new();
        foreach (JsonElement vector in _file.Items("cases"))
        {
            log.Run($"{vector.Text("accept")}: {vector.Text("message")}", () =>
            {
                byte[] body = vector.Bytes("body");
                string contentType = vector.GetProperty("headers").GetProperty("Content-Type")[0].GetString()!;
                AnswerHeaders head = new() { Status = vector.Int("status"), ContentType = contentType, Encrypted = "false" };
                Assert.True(head.IsMarkedUnencrypted);
                (string? message, string? code) = ErrorText.Read(head.IsEventStream ? ErrorText.FirstEvent(body) : body);
                Assert.Equal(vector.Text("message"), message);
                Assert.Null(code);
            });
        }

        log.AssertAllPassed(10);
    }

    [Fact]
    public void Write_AllCases_TheTestDeploymentWritesWhatTheServiceWrites()
    {
        CaseLog log = new();
        foreach (JsonElement vector in _file.Items("cases"))
        {
            log.Run($"{vector.Text("accept")}: {vector.Text("message")}", () =>
            {
                (string body, string contentType) = PlainErrors.Write(vector.Text("message"), "", null, vector.Text("accept"));
                Assert.Equal(vector.Text("body"), body);
                Assert.Equal(vector.GetProperty("headers").GetProperty("Content-Type")[0].GetString(), contentType);
            });
        }

        log.AssertAllPassed(10);
    }

    [Theory]
    [InlineData("""{"error":{"message":"m","type":"t","code":"c"}}""", "m", "c")]
    [InlineData("""{"error":{"message":"m","code":404}}""", "m", "404")]
    [InlineData("""{"error":{"message":null,"code":null}}""", null, null)]
    [InlineData("""{"error":"m"}""", "m", null)]
    [InlineData("""{"object":"error","message":"m","type":"BadRequestError","param":null,"code":400}""", "m", "400")]
    [InlineData("""{"detail":"Not Found"}""", "Not Found", null)]
    [InlineData("""{"detail":[{"loc":["body"]}]}""", """[{"loc":["body"]}]""", null)]
    [InlineData("<html>502</html>", "<html>502</html>", null)]
    [InlineData("[1]", "[1]", null)]
    [InlineData("{\"error\":", "{\"error\":", null)]
    [InlineData("", null, null)]
    public void Read_OtherShapes_NeverFails(string body, string? message, string? code) =>
        Assert.Equal((message, code), ErrorText.Read(Encoding.UTF8.GetBytes(body)));
}
