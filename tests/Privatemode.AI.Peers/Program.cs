using System.Text.Json.Nodes;
using Privatemode.AI;
using Privatemode.AI.Peers;

// One JSON object per line of standard input, one per line of standard output: {"result": …} or, for a refusal by the library, {"refused": its error type}.
// A command that fails in any other way is a defect of this program or of the library, and ends it.
Dictionary<string, Func<JsonObject, JsonObject>> commands = new()
{
    ["mesh"] = KeyExchangeCommands.Mesh,
    ["start"] = KeyExchangeCommands.Start,
    ["finish"] = KeyExchangeCommands.Finish,
    ["respond"] = KeyExchangeCommands.Respond,
    ["request"] = CallCommands.Request,
    ["answer"] = CallCommands.Answer,
    ["snp"] = EvidenceCommands.Snp,
    ["tdx"] = EvidenceCommands.Tdx,
};

while (Console.ReadLine() is { } line)
{
    JsonObject command = JsonNode.Parse(line)!.AsObject();
    JsonObject answer;
    try
    {
        answer = new JsonObject { ["result"] = commands[Fields.Text(command, "command")](command) };
    }
    catch (RefusedException refused)
    {
        answer = new JsonObject { ["refused"] = refused.Message };
    }
    catch (PrivatemodeException refused)
    {
        answer = new JsonObject { ["refused"] = refused.ErrorType };
    }

    Console.WriteLine(answer.ToJsonString());
}
