using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Testing.Enclave;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.PropertyTests;

/// <summary>Any JSON object that the library encrypts is what the peer of the test deployment reads, and the reverse, in any pieces and events.</summary>
public sealed class RoundTripProperties : IDisposable
{
    private const string SecretId = "c2VjcmV0LWlk+/A=";

    private static readonly (EndpointRule Rule, EnclaveEndpoint Peer)[] Endpoints =
    [
        (EndpointRules.ChatCompletions, EnclaveEndpoint.Chat), (EndpointRules.Embeddings, EnclaveEndpoint.Embeddings),
        (EndpointRules.Messages, EnclaveEndpoint.Messages),
    ];

    private readonly byte[] _secret = RandomNumberGenerator.GetBytes(FieldCipher.KeySize);
    private readonly SecretStore _secrets = new(TimeProvider.System);
    private readonly AesGcmKey _key;

    public RoundTripProperties()
    {
        _key = AesGcmKey.Import([.. _secret]);
        Assert.True(_secrets.TryAdd(SecretId, _secret));
    }

    private static Arbitrary<Case> Cases { get; } = Arb.From(
        from endpoint in Gen.Choose(0, Endpoints.Length - 1)
        from documents in GeneratedDocument.Objects.NonEmptyListOf().Resize(3)
        from cuts in Gen.Choose(0, 6000).ListOf().Resize(12)
        select new Case(endpoint, [.. documents], [.. cuts]),
        test => test.Smaller());

    [Fact]
    public void Encrypt_AnyObject_IsWhatThePeerReads() => Properties.Hold(Cases, test =>
    {
        (EndpointRule rule, EnclaveEndpoint endpoint) = Endpoints[test.Endpoint];
        using EnclaveExchange peer = new(_secrets, endpoint);
        using BodyExchange exchange = new(_key, Encoding.UTF8.GetBytes(SecretId));
        Assert.Equal(test.Documents[0].Text, peer.OpenRequest(Encrypt(exchange, test.Documents[0].Bytes, rule.RequestClearNames!)));
    }, 400);

    [Fact]
    public void Decrypt_AnyObjectOfThePeer_InAnyPieces_GivesIt() => Properties.Hold(Cases, test =>
    {
        (EndpointRule rule, EnclaveEndpoint endpoint) = Endpoints[test.Endpoint];
        using EnclaveExchange peer = new(_secrets, endpoint);
        using BodyExchange exchange = Begun(peer, rule);
        using DecryptedDocument decrypted = new();
        ResponseSchema schema = rule.Answer!;
        AnswerFault fault = exchange.Decrypt(new Utf8Sequence(Pieces(Encoding.UTF8.GetBytes(peer.Seal(test.Documents[0].Text)), test.Cuts)), schema, decrypted);
        bool hasEncrypted = HasEncrypted(test.Documents[0], schema);
        Assert.Equal(hasEncrypted ? AnswerFault.None : AnswerFault.NothingEncrypted, fault);
        Assert.Equal(hasEncrypted ? test.Documents[0].Text : "", Encoding.UTF8.GetString(decrypted.Text));
    }, 400);

    [Fact]
    public void DecryptEvents_AnyObjectsOfThePeer_InAnyPieces_GivesThem() => Properties.Hold(Cases, test =>
    {
        (EndpointRule rule, EnclaveEndpoint endpoint) = Endpoints[test.Endpoint];
        GeneratedDocument[] documents = [.. test.Documents.Where(document => HasEncrypted(document, rule.Answer!) && !HasLineBreak(document))];
        using EnclaveExchange peer = new(_secrets, endpoint);
        using BodyExchange exchange = Begun(peer, rule);
        using EventDecryptor decryptor = exchange.DecryptEvents(new AnyEvents(rule.Answer!), new AnswerContext(rule.Path, "sdk_0"));
        string stream = string.Concat(documents.Select(document => $"data: {peer.Seal(document.Text)}\n\n")) + ChoiceStream.Done;
        foreach (ReadOnlyMemory<byte> piece in Pieces(Encoding.UTF8.GetBytes(stream), test.Cuts))
        {
            decryptor.Push(piece.Span);
        }

        decryptor.Complete();
        Assert.Null(decryptor.Failure);
        Assert.True(decryptor.IsEnded);
        string expected = string.Concat(documents.Select(document => $"data: {document.Text.TrimStart(' ')}\n\n")) + ChoiceStream.Done;
        Assert.Equal(expected, string.Join('\n', Encoding.UTF8.GetString(decryptor.Output.Span).Split('\n').Select(TrimmedData)));
    }, 400);

    public void Dispose() => _key.Dispose();

    private static string TrimmedData(string line) =>
        line.StartsWith("data: ", StringComparison.Ordinal) ? $"data: {line["data: ".Length..].TrimStart(' ')}" : line;

    // A line break inside a document would end the line of its event.
    private static bool HasLineBreak(GeneratedDocument document) => document.Text.AsSpan().ContainsAny('\r', '\n');

    private static bool HasEncrypted(GeneratedDocument document, ResponseSchema schema) =>
        document.Members.Any(member => !schema.Plain.Contains(Encoding.UTF8.GetBytes(member.Name)));

    /// <summary>An exchange whose request the peer has read: only then can it answer.</summary>
    private BodyExchange Begun(EnclaveExchange peer, EndpointRule rule)
    {
        BodyExchange exchange = new(_key, Encoding.UTF8.GetBytes(SecretId));
        _ = peer.OpenRequest(Encrypt(exchange, """{"messages":[]}"""u8, rule.RequestClearNames!));
        return exchange;
    }

    private static byte[] Encrypt(BodyExchange exchange, ReadOnlySpan<byte> document, ClearNames clear)
    {
        using JsonIndex index = new();
        Assert.Equal(JsonShape.Usable, index.Read(document));
        using BufferedBody wire = exchange.Encrypt(document, index, clear);
        return wire.Content.Span.ToArray();
    }

    private static ReadOnlySequence<byte> Pieces(byte[] bytes, int[] cuts)
    {
        int[] borders = [0, .. cuts.Select(cut => Math.Min(cut, bytes.Length)).Order(), bytes.Length];
        Piece first = new(bytes.AsMemory(0, borders[1]), null);
        Piece last = first;
        for (int i = 1; i + 1 < borders.Length; i++)
        {
            last = new Piece(bytes.AsMemory(borders[i]..borders[i + 1]), last);
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed record Case(int Endpoint, GeneratedDocument[] Documents, int[] Cuts)
    {
        public IEnumerable<Case> Smaller() =>
        [
            .. Properties.Smaller(Documents, document => document.Smaller()).Where(documents => documents.Length > 0)
                .Select(documents => this with { Documents = documents }),
            .. Properties.Smaller(Cuts).Select(cuts => this with { Cuts = cuts }),
        ];

        public override string ToString() =>
            $"{Endpoints[Endpoint].Rule.Path}, cut at {string.Join(' ', Cuts)}: {string.Join(" | ", Documents.Select(document => document.Text))}";
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, Piece? before)
        {
            Memory = memory;
            if (before is not null)
            {
                RunningIndex = before.RunningIndex + before.Memory.Length;
                before.Next = this;
            }
        }
    }

    /// <summary>Rules that accept every event, so that documents of all forms can be streamed.</summary>
    private sealed class AnyEvents(ResponseSchema schema) : EventRules
    {
        public override ResponseSchema Shape => schema;

        public override bool IsFinished => true;

        public override AnswerFault Inspect(DecryptedDocument decrypted) => AnswerFault.None;
    }
}
