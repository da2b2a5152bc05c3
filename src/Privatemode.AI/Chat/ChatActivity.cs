using System.Diagnostics;

namespace Privatemode.AI.Chat;

/// <summary>Says on the caller's own <c>chat</c> activity which API answers it, as the OpenTelemetry conventions for OpenAI ask.</summary>
/// <remarks>Tier and fingerprint of the server are not tagged: they arrive sealed, and telemetry leaves the process in the clear.</remarks>
internal static class ChatActivity
{
    private const string Operation = "chat";

    public static void Tag()
    {
        if (Activity.Current is { IsAllDataRequested: true } activity && IsChat(activity.DisplayName))
        {
            _ = activity.SetTag("openai.api.type", "chat_completions");
        }
    }

    /// <summary><c>chat</c>, alone or before the name of a model.</summary>
    private static bool IsChat(string name) =>
        name.StartsWith(Operation, StringComparison.Ordinal) && (name.Length == Operation.Length || name[Operation.Length] == ' ');
}
