using System.Text.Json;
using Privatemode.AI.Testing;

namespace AspNetChat;

/// <summary>Scripts the model of the test deployment, which is used without an API key.</summary>
internal static class TestModel
{
    private const string Story =
        "The lighthouse at Skarholm had a keeper who wrote letters. Every evening, when the lamp was lit, she wrote one page, folded it, and locked it in a " +
        "small steel box. In the morning the boat took the box across the water.\n\n" +
        "One day the keeper asked the captain: \"How do I know that your crew does not open it on the way?\"\n\n" +
        "\"You do not have to trust my crew,\" said the captain. \"The box has one key. Look at who holds it before you write the first letter.\"\n\n" +
        "The keeper thought about this for a long time. She had always trusted the captain, the crew, and the harbor. Now she saw that it was enough to " +
        "check the lock and the key.\n\nFrom that day on she wrote longer letters.";

    public static void Script(ScriptedModel model) => model.SetFallback(request =>
    {
        JsonElement messages = JsonElement.Parse(request.DecryptedBody!).GetProperty("messages");
        string last = messages[messages.GetArrayLength() - 1].GetRawText();
        return last.Contains("rate limit", StringComparison.OrdinalIgnoreCase) ? ScriptedAnswer.Error(429, "scripted rate limit")
            : last.Contains("outage", StringComparison.OrdinalIgnoreCase) ? ScriptedAnswer.Error(503, "scripted outage")
            : last.Contains("story", StringComparison.OrdinalIgnoreCase) ? ScriptedAnswer.Text(Story).WithReasoning("A short story about trust.")
            : ScriptedAnswer.Text(
                "I am a scripted model in a local test deployment. This server verified the deployment before it sent your message, and everything between " +
                $"the two was encrypted. This request had {messages.GetArrayLength()} messages: the system prompt and the conversation in your browser.");
    });
}
