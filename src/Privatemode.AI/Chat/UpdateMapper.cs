using System.Buffers;
using System.Text;
using Microsoft.Extensions.AI;
using OpenAI.Chat;
using Privatemode.AI.Internal;
using Privatemode.AI.Receipts;
using ChatFinishReason = Microsoft.Extensions.AI.ChatFinishReason;

namespace Privatemode.AI.Chat;

/// <summary>Maps the events of one streamed completion to updates; tool calls are complete, in one last update.</summary>
internal sealed class UpdateMapper(ChatCompletionOptions options, ToolCallIds callIds, ReceiptScope scope)
{
    private readonly SortedDictionary<int, PartialCall> _calls = [];
    private readonly StringBuilder _refusal = new();
    private PartialCall? _lastCall;
    private long _kept;
    private UsageContent? _usage;
    private bool _hasReportedUsage;
    private int? _choice;
    private ChatRole? _role;
    private ChatFinishReason? _finishReason;
    private bool _endedEarly;
    private string? _responseId;
    private string? _modelId;
    private DateTimeOffset? _createdAt;

    /// <exception cref="PrivatemodeServiceException">The stream has more tool calls, or longer ones, than are kept.</exception>
    public ChatResponseUpdate Map(StreamingChatCompletionUpdate update)
    {
        _responseId ??= update.CompletionId;
        _modelId ??= update.Model;
        _createdAt ??= ResponseMapper.ToTime(update.CreatedAt);
        FirstChoice choice = FirstChoice.Of(update);
        if (!IsOurs(choice))
        {
            ChatResponseUpdate other = Create(update);
            AddUsage(update, choice, other);
            return other;
        }

        _role ??= update.Role is { } role ? ResponseMapper.ToRole(role) : null;
        _finishReason ??= FinishReasons.Of(update, _choice ?? 0, scope);
        _endedEarly |= FinishReasons.IsEarly(update.FinishReason);
        ChatResponseUpdate result = Create(update);
        AddContents(update, choice, result);
        AddUsage(update, choice, result);
        for (int i = 0; i < update.ToolCallUpdates.Count; i++)
        {
            Collect(update.ToolCallUpdates[i]);
        }

        if (update.RefusalUpdate is { Length: > 0 } refusal)
        {
            Keep(refusal.Length);
            _ = _refusal.Append(refusal);
        }

        return result;
    }

    /// <summary>Returns the last update, with what was collected over the whole stream, or null.</summary>
    public ChatResponseUpdate? Complete()
    {
        if (_calls.Count == 0 && _refusal.Length == 0 && _usage is null)
        {
            return null;
        }

        ChatResponseUpdate result = Create(raw: null);
        foreach (PartialCall call in _calls.Values)
        {
            bool isCutOff = _endedEarly && call == _lastCall;
            result.Contents.Add(ResponseMapper.ToCall(callIds.MakeUnique(call.Id), call.Name.Resolve(IsTool), call.AllArguments(), isCutOff));
        }

        if (_usage is not null)
        {
            result.Contents.Add(_usage);
        }

        if (_refusal.Length > 0)
        {
            result.Contents.Add(new ErrorContent(_refusal.ToString()) { ErrorCode = AssistantMessageMapper.RefusalCode });
        }

        return result;
    }

    private bool IsTool(string name) => options.Tools.Any(tool => tool.FunctionName == name);

    /// <summary>Returns whether a choice belongs to the response, which is one answer. If several choices were requested, for example by an additional
    /// property, the first one to arrive is used.</summary>
    private bool IsOurs(FirstChoice choice) => choice.Index is not { } index || (_choice ??= index) == index;

    private ChatResponseUpdate Create(StreamingChatCompletionUpdate? raw) => new()
    {
        Role = _role ?? ChatRole.Assistant,
        FinishReason = _finishReason,
        ResponseId = _responseId,
        MessageId = _responseId,
        ModelId = _modelId,
        CreatedAt = _createdAt,
        RawRepresentation = raw,
    };

    private void AddContents(StreamingChatCompletionUpdate update, FirstChoice choice, ChatResponseUpdate result)
    {
        // Models reason before they answer; within one event, reasoning comes first.
        if (choice.Reasoning is { } reasoning)
        {
            result.Contents.Add(new TextReasoningContent(reasoning) { RawRepresentation = update });
        }

        for (int i = 0; i < update.ContentUpdate.Count; i++)
        {
            if (ResponseMapper.FromPart(update.ContentUpdate[i]) is { } content)
            {
                result.Contents.Add(content);
            }
        }

        if (update.OutputAudioUpdate?.AudioBytesUpdate is { } audio)
        {
            DataContent content = new(audio.ToMemory(), ResponseMapper.AudioMediaType(options)) { RawRepresentation = update.OutputAudioUpdate };
            result.Contents.Add(content);
        }
    }

    /// <summary>Adds the usage. It is a running total: if the caller requested it on every event, only the last one is used. If a server sends several events
    /// with usage at the end, the first of them is used.</summary>
    private void AddUsage(StreamingChatCompletionUpdate update, FirstChoice choice, ChatResponseUpdate result)
    {
        // Most events have none, and the last condition reads the whole event.
        if (update.Usage is null || _hasReportedUsage || UsageMapper.FromOpenAI(update.Patch) is not { } usage)
        {
            return;
        }

        _usage = new UsageContent(usage) { RawRepresentation = update.Usage };
        if (!choice.Exists)
        {
            result.Contents.Add(_usage);
            _usage = null;
            _hasReportedUsage = true;
        }
    }

    private void Collect(StreamingChatToolCallUpdate update)
    {
        if (!_calls.TryGetValue(update.Index, out PartialCall? call))
        {
            if (_calls.Count == AnswerLimits.MaxToolCalls)
            {
                throw AnswerLimits.TooMany($"more than {AnswerLimits.MaxToolCalls} tool calls", scope.Receipt?.RequestId);
            }

            Keep(update.ToolCallId?.Length ?? 0);
            _calls[update.Index] = call = new PartialCall();
        }

        _lastCall = call;
        call.Id = call.Id.Length == 0 ? update.ToolCallId ?? "" : call.Id;

        int nameLength = call.Name.Length;
        call.Name.Append(update.FunctionName);
        Keep(call.Name.Length - nameLength);
        if (update.FunctionArgumentsUpdate is { } arguments)
        {
            Keep(arguments.ToMemory().Length);
            call.Append(arguments.ToMemory().Span);
        }
    }

    private void Keep(int length) => AnswerLimits.AddKeptLength(ref _kept, length, scope.Receipt?.RequestId);

    private sealed class PartialCall
    {
        private readonly ArrayBufferWriter<byte> _arguments = new();
        private int _lastPiece;

        public string Id { get; set; } = "";

        public StreamedToolName Name { get; } = new();

        public void Append(ReadOnlySpan<byte> piece)
        {
            _lastPiece = piece.IsEmpty ? _lastPiece : _arguments.WrittenCount;
            _arguments.Write(piece);
        }

        /// <summary>Returns the model's text. Some servers repeat all arguments at the end of a call: if the last piece is an object that begins with all
        /// earlier pieces, only this piece is used.</summary>
        public BinaryData AllArguments()
        {
            ReadOnlyMemory<byte> all = _arguments.WrittenMemory;
            ReadOnlyMemory<byte> last = all[_lastPiece..];
            bool isAllAgain = _lastPiece > 0 && last.Span.StartsWith(all.Span[.._lastPiece]) && CallArguments.IsObject(last.Span);
            return BinaryData.FromBytes(isAllAgain ? last : all);
        }
    }
}
