using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Privatemode.AI.Testing.Enclave;

namespace Privatemode.AI.Testing.Server;

/// <summary>Applies a fault to the events of a stream. Events are encrypted JSON documents.</summary>
internal static partial class StreamFaults
{
    /// <summary>Encrypts the events, applies the fault, and returns the payloads to send.</summary>
    /// <exception cref="TestMistakeException">The stream has no event to which the fault can be applied.</exception>
    public static List<string> Apply(Fault? fault, IReadOnlyList<string> documents, EnclaveExchange exchange)
    {
        FaultReach.RequireStream(fault, documents.Count);
        List<string> events = [.. documents.Select((document, i) => exchange.Seal(
            fault is { Kind: FaultKind.ReplaceEventWithError } && fault.Index == i ? ErrorDocument(fault.Message, exchange.Endpoint) : document))];
        int index = fault?.Index ?? 0;
        switch (fault?.Kind)
        {
            case FaultKind.TamperEvent: events[index] = Tamper(events[index]); break;
            case FaultKind.DropEvent: events.RemoveAt(index); break;
            case FaultKind.DuplicateEvent: events.Insert(index, events[index]); break;
            case FaultKind.SwapEvents: (events[index], events[index + 1]) = (events[index + 1], events[index]); break;
            case FaultKind.TruncateEvent: events.RemoveRange(index + 1, events.Count - index - 1); break;
            case FaultKind.UnencryptedEvent: events[index] = documents[index]; break;
            case FaultKind.ReflectRequest: events[0] = Reflect(events[0], exchange); break;
            case FaultKind.ReplaceEventWithError: events.RemoveRange(index + 1, events.Count - index - 1); break;
            case FaultKind.RemoveFinishEvent: events.RemoveRange(events.Count - 2, 2); break;
        }

        return events;
    }

    /// <summary>Flips a bit in the last digit of the last encrypted value.</summary>
    public static string Tamper(string encryptedDocument)
    {
        int quote = encryptedDocument.LastIndexOf("\",\"usage\"", StringComparison.Ordinal);
        int at = (quote < 0 ? encryptedDocument.LastIndexOf('"') : quote) - 1;
        char flipped = encryptedDocument[at] == '0' ? '1' : '0';
        return $"{encryptedDocument[..at]}{flipped}{encryptedDocument[(at + 1)..]}";
    }

    /// <summary>Replaces the first encrypted value of the answer with the first one of the request.</summary>
    public static string Reflect(string encryptedDocument, EnclaveExchange exchange)
    {
        string own = Encoding.UTF8.GetString(exchange.SealedRequestValues[0]);
        int name = encryptedDocument.IndexOf("\"choices\":", StringComparison.Ordinal);

        // A value in the clear holds no four parts.
        int start = name < 0 ? EncryptedText().Match(encryptedDocument).Index : name + "\"choices\":".Length;
        int end = encryptedDocument.IndexOf('"', start + 1) + 1;
        return encryptedDocument[..start] + own + encryptedDocument[end..];
    }

    [GeneratedRegex("\"[^\":]+:[0-9a-f]+:[0-9a-f]+:[0-9a-f]+\"")]
    private static partial Regex EncryptedText();

    private static string ErrorDocument(string message, EnclaveEndpoint endpoint) => endpoint == EnclaveEndpoint.Messages
        ? MessageWriter.Error("internal_error", message)
        : new JsonObject
        {
            ["error"] = new JsonObject { ["message"] = message, ["type"] = "InternalServerError", ["param"] = null, ["code"] = 500 },
        }.ToJsonString();
}
