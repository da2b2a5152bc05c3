using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using OpenAI;
using OpenAI.Chat;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests;

/// <summary>The code of the READMEs runs: each snippet stands between markers below, word by word.</summary>
public sealed partial class ReadmeTests
{
    [Fact]
    public async Task Snippets_OfTheReadme_Run()
    {
        await RunAsync().OrTimeout();

        static async Task RunAsync()
        {
            // begin: testing
            await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
            deployment.Model.Reply("Hello"); // the first answer; without a script, the model answers "You said: …"
            // end

            // begin: chat
            await using PrivatemodeClient privatemode = deployment.CreateClient();
            IChatClient chat = privatemode.AsIChatClient("gpt-oss-120b");

            await foreach (ChatResponseUpdate update in chat.GetStreamingResponseAsync("What is X-Wing?"))
            {
                Console.Write(update.Text);
            }

            Console.WriteLine(); // The program has printed: Hello
            // end

            // begin: verify
            VerifiedDeployment proof = await privatemode.VerifyAsync();
            Console.WriteLine(proof); // one line; ToJson() has everything
            foreach (VerificationCheck check in proof.Checks.Where(check => check.Outcome != VerificationOutcome.Passed))
            {
                Console.WriteLine($"{check.Name}: {check.Outcome}, {check.Detail}");
            }

            using MemoryStream file = new();
            await proof.SaveEvidenceAsync(file);
            // end

            Assert.True(file.Length > 0);

            // begin: openai
            OpenAIClient openAI = privatemode.OpenAI;
            ChatCompletion completion = await openAI.GetChatClient("gpt-oss-120b").CompleteChatAsync("What is X-Wing?");
            Console.WriteLine(completion.Content[0].Text);
            // end

            Assert.Equal("You said: What is X-Wing?", completion.Content[0].Text);
        }
    }

    [Fact]
    public async Task Snippet_OfOptions_Runs()
    {
        await RunAsync().OrTimeout();

        static async Task RunAsync()
        {
            await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
            await using PrivatemodeClient privatemode = deployment.CreateClient();
            IChatClient chat = privatemode.AsIChatClient("gpt-oss-120b");

            // begin: extra
            ChatOptions options = new()
            {
                MaxOutputTokens = 2_000, // of the reasoning and the answer
                Reasoning = new() { Effort = ReasoningEffort.Low },
                AdditionalProperties = new() { ["min_p"] = 0.05 },
            };
            Console.WriteLine(await chat.GetResponseAsync("What is ML-KEM?", options));
            // end

            Assert.Contains("\"min_p\":0.05", deployment.Requests[^1].DecryptedBody, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Snippet_OfTools_Runs()
    {
        await RunAsync().OrTimeout();

        static async Task RunAsync()
        {
            await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
            await using PrivatemodeClient privatemode = deployment.CreateClient();
            IChatClient chat = privatemode.AsIChatClient("gpt-oss-120b");

            // begin: tools
            deployment.Model.ReplyWithToolCall("get_weather", """{"city":"Bochum"}""").Then.Reply("It is 21 degrees."); // what the model will do

            AIFunction weather = AIFunctionFactory.Create((string city) => $"{city}: 21 degrees", "get_weather", "Gets the weather of a city.");
            IChatClient agent = chat.AsBuilder().UseFunctionInvocation().Build();
            ChatResponse forecast = await agent.GetResponseAsync("How warm is it in Bochum?", new ChatOptions { Tools = [weather] });
            Console.WriteLine(forecast.Text);
            // end

            Assert.Equal("It is 21 degrees.", forecast.Text);
            Assert.Contains("Bochum: 21 degrees", deployment.Requests[^1].DecryptedBody, StringComparison.Ordinal);
        }
    }

    /// <summary>The first program calls the real service: without a key, it says how to set one.</summary>
    [Fact]
    public async Task Snippet_OfTheFirstCall_AsksForAKey()
    {
        Environment.SetEnvironmentVariable(PrivatemodeOptions.ApiKeyEnvironmentVariable, null);

        PrivatemodeConfigurationException exception = await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => RunAsync().OrTimeout());

        Assert.Contains(PrivatemodeOptions.ApiKeyEnvironmentVariable, exception.Message, StringComparison.Ordinal);

        static async Task RunAsync()
        {
            // begin: first
            await using PrivatemodeClient privatemode = new();
            IChatClient chat = privatemode.AsIChatClient("gpt-oss-120b");

            await foreach (ChatResponseUpdate update in chat.GetStreamingResponseAsync("What is confidential computing?"))
            {
                Console.Write(update.Text);
            }
            // end
        }
    }

    [Fact]
    public async Task Snippets_BeyondChat_Run()
    {
        await RunAsync().OrTimeout();

        static async Task RunAsync()
        {
            await File.WriteAllBytesAsync("meeting.wav", Recording.Wave());
            await File.WriteAllTextAsync("contract.html", "<h1>Contract</h1>");

            // begin: service
            await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
            await using PrivatemodeClient privatemode = deployment.CreateClient(); // for the real service: new PrivatemodeClient()
            // end

            _ = deployment.Model.ReplyWithTranscription("Guten Morgen");
            _ = deployment.Model.ReplyWithDocument(new ScriptedDocumentElement("Title", "Contract"));

            // begin: others
            IEmbeddingGenerator<string, Embedding<float>> embed = privatemode.AsIEmbeddingGenerator("qwen3-embedding-4b");
            Embedding<float> vector = await embed.GenerateAsync("X-Wing is a hybrid KEM.");

            ISpeechToTextClient speech = privatemode.AsISpeechToTextClient("whisper-large-v3");
            await using FileStream recording = File.OpenRead("meeting.wav");
            SpeechToTextResponse said = await speech.GetTextAsync(recording);

            await using FileStream contract = File.OpenRead("contract.html");
            PartitionedDocument document = await privatemode.Documents.PartitionAsync(contract);

            TextCompletionClient completions = privatemode.GetTextCompletionClient("gpt-oss-120b");
            TextCompletion code = await completions.CompleteAsync(new("def add(a, b):\n") { MaxOutputTokens = 64, StopSequences = ["\n\n"] });

            IReadOnlyList<ModelInfo> models = await privatemode.Models.ListAsync();
            // end

            Assert.Equal(("Guten Morgen", "Contract"), (said.Text, document.Elements[0].Text));
            Assert.NotEqual(0, vector.Dimensions);
            Assert.NotEmpty(code.Text);
            Assert.NotEmpty(models);

            // begin: handler
            using HttpClient http = new(privatemode.CreateHandler()) { BaseAddress = deployment.Endpoint };
            using StringContent message = new("""
                {"model": "gpt-oss-120b", "max_tokens": 100, "messages": [{"role": "user", "content": "What is X-Wing?"}]}
                """, Encoding.UTF8, "application/json");
            using HttpResponseMessage answer = await http.PostAsync("/v1/messages", message);
            // end

            Assert.Contains("X-Wing", await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync(), StringComparison.Ordinal);
            Assert.DoesNotContain("X-Wing", deployment.Requests[^1].WireBodyText, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Snippet_OfManyEmbeddings_Runs()
    {
        await RunAsync().OrTimeout();

        static async Task RunAsync()
        {
            await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
            await using PrivatemodeClient privatemode = deployment.CreateClient();
            IEmbeddingGenerator<string, Embedding<float>> embed = privatemode.AsIEmbeddingGenerator("qwen3-embedding-4b");

            // begin: batches
            string[] texts = [.. Enumerable.Range(1, 2000).Select(number => $"Article {number}")];
            List<Embedding<float>> vectors = [];
            TextEmbeddingOptions inBatches = new() { MaxBatchSize = 100 };
            await foreach (GeneratedEmbeddings<Embedding<float>> batch in embed.GenerateInBatchesAsync(texts.Skip(vectors.Count), inBatches))
            {
                vectors.AddRange(batch);
                Console.WriteLine($"{vectors.Count} of {texts.Length}");
            }
            // end

            Assert.Equal(2000, vectors.Count);
        }
    }

    [Fact]
    public async Task Snippet_OfTheHost_Runs()
    {
        await RunAsync().OrTimeout();

        static async Task RunAsync()
        {
            await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();

            // begin: host
            ServiceCollection services = new();
            services.AddPrivatemode(deployment.ConfigureClient); // in your application: AddPrivatemode(), which reads the configuration section Privatemode
            services.AddPrivatemodeChatClient("gpt-oss-120b").UseFunctionInvocation();
            services.AddPrivatemodeEmbeddingGenerator("qwen3-embedding-4b");
            await using ServiceProvider provider = services.BuildServiceProvider();
            IChatClient injected = provider.GetRequiredService<IChatClient>();
            // end

            Assert.Equal("You said: hi", (await injected.GetResponseAsync("hi")).Text);
        }
    }

    [Fact]
    public async Task Snippet_OfTheErrors_Runs()
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        await using PrivatemodeClient privatemode = deployment.CreateClient();
        IChatClient chat = privatemode.AsIChatClient("gpt-oss-120b");

        Assert.Equal(400, await FailAsync(new ChatOptions { AdditionalProperties = new() { ["messages"] = 1 } }));
        Assert.Equal(400, await FailAsync(new ChatOptions { ModelId = "gpt-2" }));
        Assert.Equal(400, await FailAsync(new ChatOptions { ModelId = "no model" }));
        deployment.Faults.Inject(Fault.EncryptedError(400, "no such parameter"));
        Assert.Equal(400, await FailAsync());
        deployment.Faults.Inject(Fault.UnencryptedError(400));
        Assert.Equal(503, await FailAsync());
        deployment.Faults.Inject(Fault.UnencryptedError(500));
        Assert.Equal(503, await FailAsync());
        deployment.Faults.Inject(Fault.UnencryptedError(401));
        Assert.Equal(500, await FailAsync());

        async Task<int> FailAsync(ChatOptions? options = null) =>
            StatusOf(await Assert.ThrowsAnyAsync<PrivatemodeException>(() => chat.GetResponseAsync("hi", options).OrTimeout()));

        // begin: errors
        static int StatusOf(PrivatemodeException exception) => exception switch
        {
            PrivatemodeRequestException or PrivatemodeWouldLeakException or PrivatemodeModelUnavailableException => 400,
            PrivatemodeServiceException { Reason: ServiceFailureReason.InvalidRequest } => 400,
            PrivatemodeServiceException { Reason: ServiceFailureReason.RateLimited } => 429,
            PrivatemodeServiceException => 503,
            _ => 500,
        };
        // end
    }

    [Fact]
    public async Task Snippet_OfTheLibrary_Runs()
    {
        await RunAsync().OrTimeout();

        static async Task RunAsync()
        {
            // begin: library
            await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
            await using PrivatemodeClient privatemode = deployment.CreateClient();

            IChatClient chat = privatemode.AsIChatClient("gpt-oss-120b");
            ChatResponse response = await chat.GetResponseAsync("What is X-Wing?");

            OpenAIClient openAI = privatemode.OpenAI;
            // end

            Assert.Equal("You said: What is X-Wing?", response.Text);
            Assert.IsType<PrivatemodeOpenAIClient>(openAI);
        }
    }

    [Fact]
    public void Snippets_OfTheReadmes_AreTheOnesThatRun()
    {
        string root = RepositoryRoot();
        string source = Read(
            "tests/Privatemode.AI.IntegrationTests/ReadmeTests.cs",
            "tests/Privatemode.AI.IntegrationTests/TestingReadmeTests.cs",
            "tests/Privatemode.AI.EcosystemTests/AgentFramework/AgentReadmeTests.cs",
            "tests/Privatemode.AI.EcosystemTests/SemanticKernel/SemanticKernelReadmeTests.cs");
        Dictionary<string, string> running = Running().Matches(source).ToDictionary(
            match => match.Groups["name"].Value, match => Normalize(match.Groups["code"].Value));
        string readmes = Read(
            "README.md", "docs/agents.md", "docs/getting-started.md", "docs/other-endpoints.md", "src/Privatemode.AI/README.md",
            "src/Privatemode.AI.SemanticKernel/README.md", "src/Privatemode.AI.Testing/README.md");
        MatchCollection shown = Shown().Matches(readmes + Read("docs/errors.md", "docs/semantic-kernel.md"));
        Assert.Equal(running.Keys.Order(StringComparer.Ordinal), shown.Select(match => match.Groups["name"].Value).Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(Shown().Count(readmes), readmes.Split("```csharp").Length - 1);
        Assert.All(shown, match => Assert.Equal(running[match.Groups["name"].Value], Normalize(match.Groups["code"].Value)));

        string Read(params string[] paths) => string.Concat(paths.Select(path => File.ReadAllText(Path.Combine(root, path))));
    }

    [Fact]
    public void Readme_OfTheTestingPackage_NamesAllFaults()
    {
        string readme = File.ReadAllText(Path.Combine(RepositoryRoot(), "src/Privatemode.AI.Testing/README.md"));
        string[] faults = [.. typeof(Fault).GetMembers(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly)
            .Where(member => member is PropertyInfo or MethodInfo { IsSpecialName: false }).Select(member => member.Name).Distinct()];

        Assert.Contains(nameof(Fault.ResetConnection), faults);
        Assert.All(faults, fault => Assert.Contains($"`{fault}`", readme, StringComparison.Ordinal));
    }

    // SnippetsTests compiles the documents with these lines.
    private static string Normalize(string code) => string.Join('\n', Namespaces().Replace(code, "").Trim('\n').Split('\n').Select(line => line.Trim()));

    private static string RepositoryRoot()
    {
        DirectoryInfo folder = new(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Privatemode.AI.sln")))
        {
            folder = folder.Parent!;
        }

        return folder.FullName;
    }

    [GeneratedRegex(@"// begin: (?<name>\w+)\n(?<code>.*?)\n *// end\n", RegexOptions.Singleline)]
    private static partial Regex Running();

    [GeneratedRegex(@"^(using [\w.]+;|#pragma warning \w+ \w+)\n", RegexOptions.Multiline)]
    private static partial Regex Namespaces();

    [GeneratedRegex(@"<!-- snippet: (?<name>\w+) -->\n```csharp\n(?<code>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Shown();
}
