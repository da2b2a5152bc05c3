using Microsoft.Extensions.AI;

namespace Privatemode.AI;

/// <summary>What the pipeline leaves for whoever made a call through the OpenAI client, which has no other place for it.</summary>
internal sealed class CallNote : IAsyncDisposable
{
    private static readonly AsyncLocal<CallNote?> Ambient = new();

    private Stream? _answer;

    /// <summary>The receipt of the answer, as JSON text; null when there is none.</summary>
    public string? Receipt { get; private set; }

    /// <summary>The note of the call under way; null when nobody wants one.</summary>
    public static CallNote? Current => Ambient.Value;

    /// <summary>Begins a note for the calls that the current method makes from here on.</summary>
    public static CallNote Begin() => Ambient.Value = new CallNote();

    /// <summary>Remembers the answer that was handed to the OpenAI client.</summary>
    public void Take(Stream answer) => _answer = answer;

    /// <summary>Disposes the answer, whether the OpenAI client did so or not.</summary>
    /// <remarks>
    /// The enumerator of the OpenAI client disposes an answer only after its first successful step. A cancellation right before that would leave
    /// a secret, a permit and a connection in use until a garbage collection.
    /// </remarks>
    public ValueTask DisposeAsync() => _answer?.DisposeAsync() ?? default;

    public void Take(PrivatemodeReceipt receipt) => Receipt = receipt.ToJson();

    /// <summary>Puts the receipt, if there is one, among additional properties; the same ones, or new ones where there were none.</summary>
    public AdditionalPropertiesDictionary? AddTo(AdditionalPropertiesDictionary? properties)
    {
        if (Receipt is not null)
        {
            (properties ??= [])[PrivatemodeReceipt.PropertyName] = Receipt;
        }

        return properties;
    }
}
