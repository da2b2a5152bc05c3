using System.Text;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;

namespace Privatemode.AI.Tests.Fakes;

/// <summary>The enclave's side of a streamed answer with choices: texts of sealed events, and openers for them.</summary>
internal sealed class ChoiceStream : IDisposable
{
    public const string Done = "data: [DONE]\n\n";

    public AnswerSealer Enclave { get; } = new();

    public static string DeltaJson(string text, int index = 0) =>
        """{"id":"x","object":"chunk","created":1,"model":"m","choices":"""
        + $$"""[{"index":{{index}},"delta":{"content":"{{text}}"},"finish_reason":null}]}""";

    public static string FinishJson(int index = 0) =>
        """{"id":"x","object":"chunk","created":1,"model":"m","choices":"""
        + $$"""[{"index":{{index}},"delta":{},"finish_reason":"stop"}]}""";

    public string Delta(string text, int index = 0) => Enclave.Event(DeltaJson(text, index));

    public string Finish(int index = 0) => Enclave.Event(FinishJson(index));

    /// <summary>Three events and the end mark.</summary>
    public string Whole() => Delta("one") + Delta("two") + Finish() + Done;

    /// <summary>What the caller should get of <see cref="Whole"/>.</summary>
    public static string WholeDecrypted { get; } = $"data: {DeltaJson("one")}\n\ndata: {DeltaJson("two")}\n\ndata: {FinishJson()}\n\n{Done}";

    /// <summary>A fresh client's opener with the rules of choices; owns nothing else.</summary>
    public EventDecryptor Opener(out ExchangeCipher cipher)
    {
        cipher = Enclave.Client();
        return new EventDecryptor(cipher, new ChoiceRules(), new AnswerContext("/v1/chat/completions", "sdk_0"));
    }

    /// <summary>Opens a whole stream, cut into the given pieces, to its end.</summary>
    public DecryptedEvents Open(byte[] stream, params int[] cuts)
    {
        using EventDecryptor opener = Opener(out ExchangeCipher cipher);
        using (cipher)
        {
            int from = 0;
            foreach (int cut in cuts.Select(cut => Math.Min(cut, stream.Length)).Order())
            {
                opener.Push(stream.AsSpan(from, cut - from));
                from = cut;
            }

            opener.Push(stream.AsSpan(from));
            bool isEnded = opener.IsEnded;
            opener.Complete();
            return new DecryptedEvents(Encoding.UTF8.GetString(opener.Output.Span), DecryptedEvents.NameOf(opener.Failure), isEnded);
        }
    }

    public DecryptedEvents Open(string stream, params int[] cuts) => Open(Encoding.UTF8.GetBytes(stream), cuts);

    public void Dispose() => Enclave.Dispose();
}

/// <summary>What became of a stream.</summary>
/// <param name="Output">What was handed out.</param>
/// <param name="Failure">Name of the failure, or null.</param>
/// <param name="IsEnded">Whether the authenticated end was seen.</param>
internal sealed record DecryptedEvents(string Output, string? Failure, bool IsEnded)
{
    public static string? NameOf(Exception? failure) => failure switch
    {
        null => null,
        PrivatemodeIntegrityException integrity => integrity.ErrorType,
        PrivatemodeServiceException service => $"service {service.Reason}",
        _ => failure.GetType().Name,
    };
}
