using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests;

/// <summary>The code of the testing package's README runs; <see cref="ReadmeTests"/> compares it with what the README shows.</summary>
public sealed class TestingReadmeTests
{
    [Fact]
    public async Task Snippet_OfTheEvidence_Runs()
    {
        await RunAsync().OrTimeout();

        static async Task RunAsync()
        {
            await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
            await using PrivatemodeClient client = deployment.CreateClient();

            // begin: evidence
            deployment.Evidence.Kind = EvidenceKind.Tdx; // the default is SevSnp
            deployment.Evidence.Defect = EvidenceDefect.TdxPlatformOutOfDate; // clients now throw PrivatemodeVerificationException
            deployment.Faults.InjectIntoEvidence(EvidenceSource.IntelTcbInfo, Fault.UnencryptedError(403)); // Intel's service fails once
            int requests = deployment.Evidence.GetRequestCount(EvidenceSource.IntelTcbInfo);
            // end

            Assert.Equal(0, requests);
            _ = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => client.VerifyAsync());
            PrivatemodeVerificationException refused = await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => client.VerifyAsync());
            Assert.Equal("tdx-tcb-status", refused.ErrorType);
        }
    }

    [Fact]
    public async Task Snippet_OfTheTestingPackage_Runs()
    {
        await RunAsync().OrTimeout();

        static async Task RunAsync()
        {
            // begin: package
            await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
            deployment.Model.Reply("Hello");

            await using PrivatemodeClient client = deployment.CreateClient();
            ChatResponse response = await client.AsIChatClient("gpt-oss-120b").GetResponseAsync("Hi");

            string? prompt = deployment.Requests[0].DecryptedBody; // the request of your application
            string onTheWire = deployment.Requests[0].WireBodyText; // the same request, encrypted
            // end

            Assert.Equal("Hello", response.Text);
            Assert.Contains("Hi", prompt, StringComparison.Ordinal);
            Assert.DoesNotContain("\"Hi\"", onTheWire, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Snippet_OfTheProgramWithoutAKey_Runs()
    {
        await RunAsync().OrTimeout();

        static async Task RunAsync()
        {
            // begin: offline
            await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
            deployment.Model.Reply("Hello");

            await using PrivatemodeClient client = deployment.CreateClient();
            ChatResponse response = await client.AsIChatClient("gpt-oss-120b").GetResponseAsync("Hi");
            Console.WriteLine(response.Text); // Hello
            Console.WriteLine(deployment.Requests[0].WireBodyText); // the encrypted request
            // end

            Assert.Equal("Hello", response.Text);
            Assert.DoesNotContain("\"Hi\"", deployment.Requests[0].WireBodyText, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Snippet_OfFakes_Runs()
    {
        // begin: fakes
        EncryptionReceipt receipt = PrivatemodeModelFactory.EncryptionReceipt() with { RequestId = "request-1" };
        ChatResponse fake = new ChatResponse([new(ChatRole.Assistant, "Hello")]).WithPrivatemodeReceipt(receipt);
        string? requestId = fake.GetPrivatemodeReceipt()?.RequestId; // request-1

        PartitionedDocument document = new() { Elements = [new DocumentElement { Type = DocumentElementType.Title, Text = "Contract" }], Receipt = receipt };
        VerifiedDeployment report = PrivatemodeModelFactory.VerifiedDeployment(EvidenceKind.Tdx) with { Warnings = ["The firmware is outdated."] };
        PrivatemodeServiceException busy = new(ServiceFailureReason.RateLimited, "Too many requests.") { Status = 429, RetryAfter = TimeSpan.FromSeconds(5) };
        // end

        Assert.Equal(("request-1", "Contract", "TDX"), (requestId, document.ToString(), report.Tee.ToString()));
        Assert.Single(report.Warnings);
        Assert.Equal(429, busy.Status);
    }

    [Fact]
    public async Task Snippet_OfScriptsBeyondChat_Runs()
    {
        await RunAsync().OrTimeout();

        static async Task RunAsync()
        {
            await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
            await using PrivatemodeClient client = deployment.CreateClient();

            // begin: scripts
            deployment.Model.Reply("It rains.").WithReasoning("The user asks about the weather.").WithFinishReason("length")
                .Then.ReplyWithToolCall("get_weather", """{"city":"Bochum"}"""); // the answer to the second request

            deployment.Model.SetEmbedding("cat", 1, 0, 0); // the vector of this text; the vectors of other texts are computed
            deployment.Model.SetEmbedding("kitten", 0.9f, 0.1f, 0);
            deployment.Model.ReplyWithEmbeddings([1, 0, 0], [0, 1, 0]) // the next answer, with one vector for each input
                .WithUsage(new() { InputTokenCount = 12 });

            deployment.Model.ReplyWithTranscription("Good morning", new ScriptedTranscriptionSegment("Good morning", TimeSpan.Zero, TimeSpan.FromSeconds(1.5)))
                .WithWord("Good", TimeSpan.Zero, TimeSpan.FromSeconds(0.5)).WithLanguage("en").WithRecordingDuration(TimeSpan.FromSeconds(2));

            deployment.Model.ReplyWithDocument(new ScriptedDocumentElement("Title", "Contract") { PageNumber = 1 });
            deployment.Model.SetFallback(request => ScriptedAnswer.Text($"You called {request.PathAndQuery}")); // when the script is empty
            // end

            IChatClient chat = client.AsIChatClient("gpt-oss-120b");
            ChatResponse rain = await chat.GetResponseAsync("hi");
            Assert.Equal(("It rains.", "length"), (rain.Text, rain.FinishReason?.Value));
            Assert.Single((await chat.GetResponseAsync("hi")).Messages[0].Contents.OfType<FunctionCallContent>());
            IEmbeddingGenerator<string, Embedding<float>> generator = client.AsIEmbeddingGenerator("qwen3-embedding-4b");
            Assert.Equal(12, (await generator.GenerateAsync(["a", "b"])).Usage!.InputTokenCount);
            Embedding<float> kitten = await generator.GenerateAsync("kitten");
            Assert.Equal(0.9f, kitten.Vector.Span[0]);
            SpeechToTextResponse text = await client.AsISpeechToTextClient("whisper-large-v3").GetTextAsync(new MemoryStream(Recording.Wave()));
            Assert.Equal("Good morning", text.Text);
            Assert.Equal("Contract", (await client.Documents.PartitionAsync(new MemoryStream([1]))).Text);
            Assert.Equal("You called /v1/chat/completions", (await chat.GetResponseAsync("hi")).Text);
        }
    }

    [Fact]
    public async Task Snippet_OfTheFaults_Runs()
    {
        await RunAsync().OrTimeout();

        static async Task RunAsync()
        {
            await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();

            // begin: faults
            deployment.Faults.Inject(Fault.UnencryptedError(503, retryAfter: TimeSpan.FromSeconds(1)), times: 2); // the client retries twice
            deployment.Faults.Inject(Fault.TamperEvent(0)); // an attack: the client throws PrivatemodeIntegrityException
            deployment.Faults.Inject(Fault.Delay(TimeSpan.FromSeconds(30))); // a slow model
            deployment.Faults.Inject(Fault.GpuRevoked(revokedAt: DateTimeOffset.UtcNow)); // status 500, unless the GPU revocation policy accepts it
            deployment.Faults.InjectIntoKeyExchange(Fault.CutConnection(0)); // the connection breaks
            // end

            Assert.Equal(6, deployment.Faults.PendingCount);
        }
    }
}
