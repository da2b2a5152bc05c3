using Microsoft.Extensions.AI;
using OpenAI.Chat;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;
using OpenAIMessage = OpenAI.Chat.ChatMessage;

namespace Privatemode.AI.Chat;

/// <summary>Pairs the tool results of one request with their calls, and gives each call of a message a unique ID.</summary>
internal sealed class ToolCallPairs(IReadOnlyList<ChatMessage?> messages)
{
    // One for each assistant message with calls, the newest last.
    private readonly List<CallGroup> _groups = [];

    /// <summary>The IDs of all calls: the original IDs and those that are sent.</summary>
    public IEnumerable<string> Ids => _groups.Count == 0 ? [] : _groups.SelectMany(group => group.Calls).SelectMany(call => (string[])[call.Id, call.SentId]);

    /// <summary>Registers the calls of a message and returns the ID to send for each.</summary>
    /// <param name="calls">The calls in their order.</param>
    /// <param name="message">The index of the message, from which IDs are created for calls without one.</param>
    /// <param name="unanswered">Calls with unreadable arguments that no later message answers, with their IDs.</param>
    public List<string> Open(IReadOnlyList<FunctionCallContent> calls, int message, out List<(FunctionCallContent Call, string Id)> unanswered)
    {
        HashSet<string> taken = [.. calls.Select(call => call.CallId)];
        HashSet<string> used = [];
        Dictionary<string, int> numbers = [];
        List<OpenCall> group = [];
        unanswered = [];
        Dictionary<string, int> missing = calls.Any(ToolCallArguments.AreUnreadable) ? CountMissing(calls, message) : [];
        foreach (FunctionCallContent call in calls)
        {
            string id = call.CallId;
            string stem = id.Length > 0 ? id : $"call_{message}";

            // Derived, not random: the same history must result in the same request, for the prompt cache of the service.
            int number = numbers.GetValueOrDefault(stem, id.Length > 0 ? 2 : 1);
            for (; id.Length == 0 || used.Contains(id) || (id != call.CallId && taken.Contains(id)); number++)
            {
                id = $"{stem}_{number}";
            }

            numbers[stem] = number;
            _ = used.Add(id);
            OpenCall open = new(call.CallId, id);
            group.Add(open);
            if (ToolCallArguments.AreUnreadable(call) && missing.GetValueOrDefault(call.CallId) > 0)
            {
                missing[call.CallId]--;
                open.IsAnswered = true;
                unanswered.Add((call, id));
            }
        }

        _groups.Add(new CallGroup(group));
        return [.. group.Select(call => call.SentId)];
    }

    /// <summary>Registers the calls and results of a message that is sent unchanged.</summary>
    public void Observe(OpenAIMessage message)
    {
        if (message is AssistantChatMessage { ToolCalls.Count: > 0 } assistant)
        {
            _groups.Add(new CallGroup([.. assistant.ToolCalls.Select(call => new OpenCall(call.Id, call.Id))]));
        }
        else if (message is ToolChatMessage tool)
        {
            _ = Answer(tool.ToolCallId);
        }
    }

    /// <summary>Returns the ID to send with a result: that of the first call with this ID that has no result yet, or the ID itself if there is no such
    /// call.</summary>
    public string Answer(string callId)
    {
        for (int i = _groups.Count - 1; i >= 0; i--)
        {
            if (_groups[i].MatchOpenCall(callId) is { } call)
            {
                call.IsAnswered = true;
                return call.SentId;
            }
        }

        return callId;
    }

    /// <summary>Returns the ID to send with a result that names no call: of the only call without a result, or null if there is not exactly one.</summary>
    public string? AnswerOnlyOpen()
    {
        OpenCall[] open = [.. (_groups.LastOrDefault()?.Calls ?? []).Where(call => !call.IsAnswered).Take(2)];
        if (open.Length != 1)
        {
            return null;
        }

        open[0].IsAnswered = true;
        return open[0].SentId;
    }

    /// <summary>Returns, for each ID, the number of calls that get no result before the ID is used again.</summary>
    private Dictionary<string, int> CountMissing(IReadOnlyList<FunctionCallContent> calls, int message)
    {
        Dictionary<string, int> missing = calls.CountBy(call => call.CallId).ToDictionary();
        HashSet<string> over = [];
        for (int index = message; index < messages.Count; index++)
        {
            foreach (AIContent? content in messages[index]?.Contents ?? [])
            {
                if (content is FunctionResultContent result && !over.Contains(result.CallId) && missing.TryGetValue(result.CallId, out int count))
                {
                    missing[result.CallId] = count - 1;
                }
                else if (content is FunctionCallContent call && index > message)
                {
                    _ = over.Add(call.CallId);
                }
            }
        }

        return missing;
    }

    /// <summary>The calls of one message.</summary>
    private sealed class CallGroup(List<OpenCall> calls)
    {
        private readonly Dictionary<string, Queue<OpenCall>> _byId =
            calls.GroupBy(call => call.Id).ToDictionary(same => same.Key, same => new Queue<OpenCall>(same));

        public List<OpenCall> Calls => calls;

        /// <summary>Returns the first call with this ID that has no result, and marks it as answered; null if all have results.</summary>
        public OpenCall? MatchOpenCall(string id)
        {
            if (_byId.TryGetValue(id, out Queue<OpenCall>? same))
            {
                while (same.TryDequeue(out OpenCall? call))
                {
                    if (!call.IsAnswered)
                    {
                        return call;
                    }
                }
            }

            return null;
        }
    }

    private sealed class OpenCall(string id, string sentId)
    {
        public string Id => id;

        public string SentId => sentId;

        public bool IsAnswered { get; set; }
    }
}

/// <summary>Gives the calls of one answer IDs that are unique in the conversation.</summary>
/// <remarks>Some servers restart the numbers of calls with each answer, and function invokers confuse such a call with the earlier one.</remarks>
internal sealed class ToolCallIds(IEnumerable<string> taken)
{
    // Created for the first call: most answers have none.
    private HashSet<string>? _taken;
    private Dictionary<string, int>? _numbers;

    /// <summary>Returns an ID that no other call has: the given one, if it is still free.</summary>
    public string MakeUnique(string id)
    {
        _taken ??= [.. taken];
        _numbers ??= [];
        string unique = id;
        int number = _numbers.GetValueOrDefault(id, 2);
        for (; !_taken.Add(unique); number++)
        {
            unique = $"{id}_{number}";
        }

        // An answer may have many calls of one ID, and each would try the numbers of all before it.
        _numbers[id] = number;
        return unique;
    }
}
