using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Receipts;

namespace Privatemode.AI.Tests.Fakes;

/// <summary>The documents of one answer, sealed and opened again, as normalizers get them.</summary>
internal sealed class AnswerBench : IDisposable
{
    private static readonly ResponseSchema Shape = new(AnswerSealer.ChatPlain, "choices"u8.ToArray(), JsonTokenType.StartArray);

    private readonly AnswerSealer _sealer = new();
    private readonly ExchangeCipher _client;
    private readonly DecryptedDocument _opened = new();

    public AnswerBench() => _client = _sealer.Client();

    /// <summary>Opens the next document, lets something change it, and gives back its text.</summary>
    public string Change(string document, Action<DecryptedDocument> change)
    {
        Assert.Equal(AnswerFault.None, _opened.Decrypt(Encoding.UTF8.GetBytes(_sealer.Document(document)), Shape, _client));
        change(_opened);
        return Encoding.UTF8.GetString(_opened.Text);
    }

    /// <summary>Opens the next document and corrects its choices.</summary>
    public string Normalize(string document, bool isEvent, ChoiceNormalizer? normalizer = null, ReceiptScope? scope = null) => Change(document, opened =>
    {
        ChoiceReader reader = new();
        _ = isEvent && opened.TryGet("choices"u8, out ReadOnlySpan<byte> choices, out _) && reader.TryRead(choices);
        (normalizer ?? new ChoiceNormalizer(hasMessages: true, isEvent, "request-1", scope)).Normalize(opened, reader.Indexes);
    });

    public void Dispose()
    {
        _opened.Dispose();
        _client.Dispose();
        _sealer.Dispose();
    }
}
