using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Tests.Fakes;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Encryption.EventStream;

/// <summary>vectors/protocol/sse.json. The reference's two readers differ from each other; ours follows the protocol page.</summary>
public sealed class SseVectorTests
{
    // Case of mutating_reader -> what ours hands out ("!fault" = refused), where the reference does something else.
    private static readonly Dictionary<string, string> Different = new()
    {
        // Accepted here: comments, id and retry lines are dropped, the space after the colon is optional.
        ["comment with space"] = "data: {\"choices\":1}\n\n",
        ["comment without space"] = "data: {\"choices\":1}\n\n",
        ["id line"] = "data: {\"choices\":1}\n\n",
        ["retry line"] = "data: {\"choices\":1}\n\n",
        // Dropped here, because nobody authenticates the name.
        ["event line"] = "data: {\"type\":\"x\",\"message\":{}}\n\n",

        ["data without space"] = "data: {\"choices\":1}\n\n",
        ["data without space, but a colon and space in the JSON"] = "data: {\"choices\": 1}\n\n",

        // Not a field named data: ignored, as event stream readers do. What it would have carried is missed by number.
        ["no prefix"] = "",
        ["no prefix, colon and space inside"] = "",
        ["done without prefix"] = "",

        // Not a JSON object with sealed members: refused.
        ["array chunk"] = "!not-json",
        ["empty data"] = "!not-json",
        ["done in lower case"] = "!not-json",
    };

    private readonly JsonElement _file = VectorFiles.Protocol("sse.json");

    [Fact]
    public void MutatingReader_AllCases_GiveTheListedOutcome()
    {
        CaseLog log = new();
        foreach (JsonElement vector in _file.Items("mutating_reader"))
        {
            string name = vector.Text("name");
            log.Run(name, () =>
            {
                using AnswerSealer enclave = new();
                string expected = Different.GetValueOrDefault(name) ?? Expected(vector);
                Assert.Equal(expected, Read(enclave, Encoding.UTF8.GetBytes(SealData(enclave, vector.Text("input")))));
            });
        }

        log.AssertAllPassed(23);
    }

    [Fact]
    public void Reader_AllCases_OnlyTheEndMarkAndUnknownLinesPassUnsealed()
    {
        CaseLog log = new();
        foreach (JsonElement vector in _file.Items("reader"))
        {
            string name = vector.Text("name");
            log.Run(name, () =>
            {
                using AnswerSealer enclave = new();
                JsonElement data = vector.Items("lines").FirstOrDefault(line => line.Text("type") == "field" && line.Text("name") == "data");
                string expected = data.ValueKind == JsonValueKind.Undefined ? ""
                    : name == "bare cr is content" ? "!bad-line"
                    : data.TryGetProperty("value", out JsonElement value) && value.GetString() == "[DONE]" ? "data: [DONE]\n\n"
                    : name == "event then data" ? "!nothing-sealed"
                    : "!not-json";
                Assert.Equal(expected, Read(enclave, vector.Bytes("input")));
            });
        }

        log.AssertAllPassed(23);
    }

    [Fact]
    public void LineLimits_AllCases_AreThoseOfTheSdkReader()
    {
        CaseLog log = new();
        foreach (JsonElement vector in _file.Items("line_limits"))
        {
            int length = vector.Int("line_bytes_without_newline");
            log.Run($"{length}", () =>
            {
                foreach (string end in (string[])["\n", "\r\n"])
                {
                    using AnswerSealer enclave = new();
                    string encryptedEvent = $"data: {enclave.Document("""{"id":"","choices":[]}""")}";
                    string line = encryptedEvent.Replace("\"id\":\"", "\"id\":\"" + new string('x', length - encryptedEvent.Length), StringComparison.Ordinal);
                    Assert.Equal(length, line.Length);
                    string output = Read(enclave, Encoding.UTF8.GetBytes(line + end));
                    Assert.Equal(!vector.Flag("sdk_reader_ok"), output == "!line-too-long");
                }
            });
        }

        log.AssertAllPassed(6);
    }

    /// <summary>The reference's own framing of what it was given, with white space inside the JSON kept.</summary>
    private static string Expected(JsonElement vector)
    {
        if (vector.Flag("go_error"))
        {
            return "!not-json";
        }

        string output = vector.Text("output");
        JsonElement[] calls = [.. vector.Items("calls")];
        for (int i = 0; i < calls.Length; i++)
        {
            output = output.Replace($"\"ENC{i}\"", calls[i].GetString(), StringComparison.Ordinal);
        }

        return output;
    }

    /// <summary>Puts sealed values into every line that carries a JSON object or array, as the enclave would.</summary>
    private static string SealData(AnswerSealer enclave, string input) => string.Concat(input.Split('\n').Select((line, i) =>
    {
        int at = line.IndexOfAny(['{', '[']);
        bool isJson = at >= 0 && IsJson(line[at..]);
        return (i == 0 ? "" : "\n") + (isJson ? line[..at] + enclave.Document(line[at..]) : line);
    }));

    private static bool IsJson(string text)
    {
        using JsonIndex index = new();
        return index.Read(Encoding.UTF8.GetBytes(text), allowArray: true) == JsonShape.Usable;
    }

    private static string Read(AnswerSealer enclave, byte[] stream)
    {
        using ExchangeCipher cipher = enclave.Client();
        using EventDecryptor opener = new(cipher, new LenientEventRules(), new AnswerContext("/v1/chat/completions", "sdk_0"));
        opener.Push(stream);
        opener.Complete();
        return opener.Failure is PrivatemodeIntegrityException { ErrorType: not "truncated-stream" } failure
            ? "!" + failure.ErrorType
            : Encoding.UTF8.GetString(opener.Output.Span);
    }
}
