using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Pipeline.Requests;

/// <summary>A plaintext JSON body and its members.</summary>
internal sealed class PlainBody : RequestBody
{
    /// <summary>Takes a body apart; owns it from here on, also when it throws.</summary>
    /// <exception cref="PrivatemodeWouldLeakException">The body cannot be taken apart without doubt.</exception>
    public PlainBody(PooledBytes bytes)
    {
        Bytes = bytes;
        JsonShape shape = Index.Read(bytes.Span);
        if (shape != JsonShape.Usable)
        {
            Dispose();
            throw new PrivatemodeWouldLeakException("unparsable-body", shape switch
            {
                JsonShape.DuplicateName => "The body has two top-level members of the same name; one of them would travel in the clear. Leave one out.",
                JsonShape.AmbiguousName or JsonShape.InvalidName =>
                    "The body has a top-level member with a name that cannot be sealed without doubt. Rename it.",
                JsonShape.NameTooLong => $"The body has a top-level member with a name of more than {JsonIndex.LongestName} bytes. Use a shorter one.",
                JsonShape.TooManyMembers => $"The body has more than {JsonIndex.MaxMembers} top-level members. Leave some out.",
                _ => $"The body must be a JSON object in valid UTF-8, nested at most {JsonIndex.MaxDepth} deep.",
            });
        }
    }

    public PooledBytes Bytes { get; }

    public JsonIndex Index { get; } = new();

    public override PooledBytes Plaintext => Bytes;

    public override SealedBody Seal(IBodyExchange exchange, EndpointRule rule) => exchange.Seal(Bytes.Span, Index, rule.RequestPlain!);

    public override IReadOnlyList<byte[]> Names()
    {
        List<byte[]> names = [];
        foreach (ref readonly JsonMember member in Index.Members)
        {
            names.Add(Index.Name(member).ToArray());
        }

        return names;
    }

    public override void Dispose()
    {
        Bytes.Dispose();
        Index.Dispose();
    }
}
