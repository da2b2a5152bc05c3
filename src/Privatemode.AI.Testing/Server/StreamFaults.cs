using System.Text;
using System.Text.Json.Nodes;
using Privatemode.AI.Encryption;
using Privatemode.AI.Testing.Enclave;

namespace Privatemode.AI.Testing.Server;

/// <summary>Does to the events of a stream what a fault says. Events are sealed JSON documents.</summary>
internal static class StreamFaults
{
    private static readonly string[] Payloads = ["\"choices\":", "\"data\":"];

    /// <summary>The events as they travel, without their framing; what was sealed is sealed before anything happens to it.</summary>
    /// <exception cref="FaultMissedException">The stream has nothing for the fault to happen to.</exception>
    public static List<string> Apply(Fault? fault, IReadOnlyList<string> documents, EnclaveExchange exchange, PlainNames plain)
    {
        FaultReach.DemandStream(fault, documents.Count);
        List<string> events = [.. documents.Select((document, i) => exchange.Seal(
            fault is { Kind: FaultKind.ErrorEvent } && fault.Index == i ? ErrorDocument(fault.Message) : document, plain))];
        int index = fault?.Index ?? 0;
        switch (fault?.Kind)
        {
            case FaultKind.Tamper: events[index] = Tamper(events[index]); break;
            case FaultKind.Drop: events.RemoveAt(index); break;
            case FaultKind.Duplicate: events.Insert(index, events[index]); break;
            case FaultKind.Swap: (events[index], events[index + 1]) = (events[index + 1], events[index]); break;
            case FaultKind.Truncate: events.RemoveRange(index + 1, events.Count - index - 1); break;
            case FaultKind.UnsealedMember: events[index] = documents[index]; break;
            case FaultKind.Reflect: events[0] = Reflect(events[0], exchange); break;
            case FaultKind.ErrorEvent: events.RemoveRange(index + 1, events.Count - index - 1); break;
            case FaultKind.RemoveFinish: events.RemoveRange(events.Count - 2, 2); break;
        }

        return events;
    }

    /// <summary>Flips a bit in the last digit of the last sealed value.</summary>
    public static string Tamper(string sealedDocument)
    {
        int quote = sealedDocument.LastIndexOf("\",\"usage\"", StringComparison.Ordinal);
        int at = (quote < 0 ? sealedDocument.LastIndexOf('"') : quote) - 1;
        char flipped = sealedDocument[at] == '0' ? '1' : '0';
        return $"{sealedDocument[..at]}{flipped}{sealedDocument[(at + 1)..]}";
    }

    /// <summary>Puts the first sealed value of the request where the first one of the answer was.</summary>
    public static string Reflect(string sealedDocument, EnclaveExchange exchange)
    {
        string own = Encoding.UTF8.GetString(exchange.SealedRequestValues[0]);

        // Of embeddings it is the data; the id before it is not sealed, and replacing that would be no fault at all.
        string payload = Payloads.FirstOrDefault(name => sealedDocument.Contains(name, StringComparison.Ordinal)) ?? ":";
        int start = sealedDocument.IndexOf(payload, StringComparison.Ordinal) + payload.Length;
        int end = sealedDocument.IndexOf('"', start + 1) + 1;
        return sealedDocument[..start] + own + sealedDocument[end..];
    }

    private static string ErrorDocument(string message) =>
        new JsonObject
        {
            ["error"] = new JsonObject { ["message"] = message, ["type"] = "InternalServerError", ["param"] = null, ["code"] = 500 },
        }.ToJsonString();
}
