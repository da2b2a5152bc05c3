namespace Privatemode.AI.Encryption;

/// <summary>How bodies are sealed on the wire. A seam, because newer services seal whole bodies instead of single fields.</summary>
internal interface IBodyCodec
{
    /// <summary>The protocol version this codec speaks, as sent in <c>Privatemode-Version</c>; the service chooses its format by it.</summary>
    string ProtocolVersion { get; }

    /// <summary>Begins one exchange: one request and its answer.</summary>
    /// <param name="key">The key of the inference secret; it outlives the exchange.</param>
    /// <param name="secretId">UTF-8 text of the secret's id.</param>
    IBodyExchange Begin(AesGcmKey key, ReadOnlyMemory<byte> secretId);
}
