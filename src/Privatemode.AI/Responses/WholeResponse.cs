using Privatemode.AI.Encryption;

namespace Privatemode.AI.Responses;

/// <summary>Translates the complete answer of a chat to a response.</summary>
internal static class WholeResponse
{
    /// <summary>Returns the response as JSON.</summary>
    /// <exception cref="PrivatemodeServiceException">The answer is authentic but unusable.</exception>
    public static MemoryStream Translate(ReadOnlySpan<byte> completion, ResponsesCall call)
    {
        ChatAnswer chat = ChatAnswer.Read(completion, isEvent: false);
        ResponseHead head = call.NewHead();
        ResponseEventWriter limits = new(new ResponseProgress(head), call.RequestId);
        using ResponseItems items = new();
        bool isIncomplete = ResponseEnd.IncompleteReasonOf(chat.Finish) is not null;
        bool hasMessage = !(chat.Content.IsEmpty && chat.Refusal.IsEmpty);
        bool hasCalls = new ChatCalls(chat.ToolCalls).TryRead();
        if (!chat.Reasoning.IsEmpty)
        {
            int index = limits.TakeOutputIndex();
            ReadOnlySpan<byte> status = isIncomplete && !hasMessage && !hasCalls ? "incomplete"u8 : "completed"u8;
            ResponseWriter.WriteReasoning(items.Bytes, head.ItemId("rs", index), chat.Reasoning, call.Encrypt(chat.Reasoning), status);
            _ = items.Add(index);
        }

        if (hasMessage)
        {
            int index = limits.TakeOutputIndex();
            using PooledBytes parts = new(chat.Content.Length + 256);
            WriteParts(parts, chat, call);
            ResponseWriter.WriteMessage(items.Bytes, head.ItemId("msg", index), parts.Span, isIncomplete && !hasCalls ? "incomplete"u8 : "completed"u8);
            _ = items.Add(index);
        }

        if (hasCalls)
        {
            WriteCalls(items, chat.ToolCalls, isIncomplete, call, head, limits);
        }

        ResponseEnd end = ResponseEnd.Of(chat.Finish) with { CompletedAt = head.CreatedAt, Usage = chat.Usage };
        using PooledBytes response = new(items.Bytes.Length + 2048);
        ResponseWriter.Write(response, head, call.Echo, end, items);
        return response.Detach();
    }

    private static void WriteParts(PooledBytes parts, ChatAnswer chat, ResponsesCall call)
    {
        if (!chat.Content.IsEmpty)
        {
            using PooledBytes logprobs = new(16);
            if (call.WantsLogprobs && !chat.Logprobs.IsEmpty)
            {
                ResponseWriter.WriteLogprobs(logprobs, chat.Logprobs);
            }

            ResponseWriter.WritePart(parts, ResponsePart.Text, chat.Content, logprobs.Span);
        }

        if (!chat.Refusal.IsEmpty)
        {
            parts.Append(parts.Length == 0 ? default : ","u8);
            ResponseWriter.WritePart(parts, ResponsePart.Refusal, chat.Refusal, default);
        }
    }

    /// <summary>Writes the calls. A call that is cut off is left out, because programs run all calls, regardless of their status.</summary>
    private static void WriteCalls(
        ResponseItems items, ReadOnlySpan<byte> list, bool isCutOff, ResponsesCall call, ResponseHead head, ResponseEventWriter limits)
    {
        HashSet<string> ids = [];
        for (ChatCalls calls = new(list); calls.TryRead();)
        {
            if (ids.Count == ResponseCalls.Most)
            {
                throw limits.TooMany($"more than {ResponseCalls.Most} tool calls");
            }

            string id = ResponseCalls.NameOf(calls.Id);
            string name = ResponseCalls.NameOf(calls.Name);
            ChatAnswer.Expect(id.Length > 0 && ids.Add(id));
            ToolName tool = call.ToolOf(name);
            using PooledBytes input = new(calls.Arguments.Length);
            if (name.Length > 0 && ResponseCalls.TryReadInput(calls.Arguments, tool.IsCustom, isCutOff, input))
            {
                int index = limits.TakeOutputIndex();
                ResponseWriter.WriteCall(
                    items.Bytes, head.ItemId(tool.IsCustom ? "ctc" : "fc", index), id, tool, input.Span, "completed"u8);
                _ = items.Add(index);
            }
            else if (!isCutOff)
            {
                throw ResponseCalls.Unusable(call.RequestId);
            }
        }
    }
}
