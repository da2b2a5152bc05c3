using System.Security.Cryptography;
using System.Text;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Tests.Encryption;

namespace Privatemode.AI.Tests.Fakes;

/// <summary>The enclave's side of one exchange: seals answers the way the inference proxy does, numbering on across events.</summary>
internal sealed class AnswerSealer : IDisposable
{
    public static readonly ClearNames ChatPlain = new("id", "usage");

    private readonly FieldCipher _cipher;
    private readonly AesGcmKey _key;
    private readonly byte[] _nonce = RandomNumberGenerator.GetBytes(FieldCipher.NonceSize);
    private ulong _sent;

    /// <param name="provider">Which AES-256-GCM both sides use; null for the one that the library chooses.</param>
    public AnswerSealer(string? provider = null)
    {
        byte[] key = RandomNumberGenerator.GetBytes(FieldCipher.KeySize);
        _key = provider is null ? AesGcmKey.Import(key) : AesGcmProvidersAttribute.Key(provider, key);
        _cipher = new FieldCipher(_key, _nonce);
    }

    public static byte[] SecretId { get; } = "c2VjcmV0LWlk+/A="u8.ToArray();

    /// <summary>The client's side of the same exchange.</summary>
    public ExchangeCipher Client() => new(_key, SecretId, _nonce);

    /// <summary>Begins to number from 0 again, for another client of the same exchange.</summary>
    public AnswerSealer Restarted()
    {
        _sent = 0;
        return this;
    }

    /// <summary>Seals one value as a JSON string, quotes included.</summary>
    public string Value(string plaintext, byte[]? iv = null)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(plaintext);
        iv ??= RandomNumberGenerator.GetBytes(FieldCipher.IvSize);
        byte[] encryptedBytes = new byte[bytes.Length + FieldCipher.TagSize];
        _cipher.Encrypt(_sent++, iv, bytes, encryptedBytes);
        string hex = $"{Convert.ToHexStringLower(_nonce)}:{Convert.ToHexStringLower(iv)}:{Convert.ToHexStringLower(encryptedBytes)}";
        return $"\"{Encoding.UTF8.GetString(SecretId)}:{hex}\"";
    }

    /// <summary>Seals the members of a JSON document that are not plain, in the order of escaped names.</summary>
    public string Document(string json, ClearNames? plain = null)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(json);
        using JsonIndex index = new();
        Assert.Equal(JsonShape.Usable, index.Read(bytes, allowArray: true));
        Dictionary<int, string> encryptedValues = [];
        foreach (int i in index.Order)
        {
            JsonMember member = index.Members[i];
            if (!(plain ?? ChatPlain).Contains(index.Name(member)))
            {
                encryptedValues[i] = Value(Encoding.UTF8.GetString(member.Value(bytes)));
            }
        }

        StringBuilder output = new();
        int copied = 0;
        for (int i = 0; i < index.Members.Length; i++)
        {
            JsonMember member = index.Members[i];
            if (encryptedValues.TryGetValue(i, out string? value))
            {
                output.Append(Encoding.UTF8.GetString(bytes.AsSpan(copied, member.ValueStart - copied))).Append(value);
                copied = member.ValueEnd;
            }
        }

        return output.Append(Encoding.UTF8.GetString(bytes.AsSpan(copied))).ToString();
    }

    public string Event(string json) => $"data: {Document(json)}\n\n";

    /// <summary>What a client under these rules makes of a stream; the next one begins to number from 0.</summary>
    public DecryptedEvents Open(EventRules rules, string stream)
    {
        using ExchangeCipher client = Client();
        using EventDecryptor opener = new(client, rules, new AnswerContext("/v1/messages", "sdk_0"));
        opener.Push(Encoding.UTF8.GetBytes(stream));
        opener.Complete();
        _ = Restarted();
        return new DecryptedEvents(Encoding.UTF8.GetString(opener.Output.Span), DecryptedEvents.NameOf(opener.Failure), opener.IsEnded);
    }

    public void Dispose()
    {
        _cipher.Dispose();
        _key.Dispose();
    }
}
