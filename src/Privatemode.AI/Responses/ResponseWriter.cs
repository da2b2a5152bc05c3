using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Responses;

/// <summary>Writes the objects of the Responses API: the response itself and its events.</summary>
internal static class ResponseWriter
{
    private static readonly SearchValues<byte> LineBreaks = SearchValues.Create("\r\n"u8);

    /// <summary>Starts an event, up to the comma before its own members.</summary>
    public static void BeginEvent(PooledBytes target, ReadOnlySpan<byte> type, long number)
    {
        target.Append("event: "u8);
        target.Append(type);
        target.Append("\ndata: {\"type\":\""u8);
        target.Append(type);
        target.Append("\",\"sequence_number\":"u8);
        target.AppendNumber(number);
        target.Append(",\"store\":false,"u8);
    }

    /// <param name="target">The output.</param>
    /// <param name="start">The position at which it begins.</param>
    public static void EndEvent(PooledBytes target, int start)
    {
        // In JSON a raw line break can only be white space between tokens; here it would end the line. The first one is that of the name.
        Span<byte> data = target.Span[start..];
        data[(data.IndexOf((byte)'\n') + 1)..].ReplaceAny(LineBreaks, (byte)' ');
        target.Append("}\n\n"u8);
    }

    /// <summary>Writes the event that begins a response, or that shows that it is in progress.</summary>
    public static void WriteProgress(PooledBytes target, ReadOnlySpan<byte> type, long number, ResponseHead head, ResponseEcho? echo)
    {
        int start = target.Length;
        BeginEvent(target, type, number);
        target.Append("\"response\":"u8);
        Write(target, head, echo, ResponseEnd.InProgress, output: null);
        EndEvent(target, start);
    }

    /// <summary>Writes a response.</summary>
    /// <param name="target">The output.</param>
    /// <param name="head">The values that are known from its beginning.</param>
    /// <param name="echo">The repeated members of the request; null if the request is not known.</param>
    /// <param name="end">The end of the response: its status and usage.</param>
    /// <param name="output">The items of the response; null for an empty list.</param>
    public static void Write(PooledBytes target, ResponseHead head, ResponseEcho? echo, in ResponseEnd end, ResponseItems? output)
    {
        target.Append("{\"id\":"u8);
        target.AppendText(head.Id);
        target.Append(",\"object\":\"response\",\"created_at\":"u8);
        target.AppendNumber(head.CreatedAt);
        target.Append(",\"completed_at\":"u8);
        AppendNumberOrNull(target, end.CompletedAt);
        target.Append(",\"status\":"u8);
        target.AppendText(end.Status);
        target.Append(",\"background\":false,\"store\":false,\"error\":"u8);
        WriteError(target, end.Error);
        target.Append(",\"incomplete_details\":"u8);
        WriteReason(target, end.IncompleteReason);
        target.Append(",\"instructions\":null,\"previous_response_id\":null,\"model\":"u8);
        target.AppendText(head.Model);
        target.Append(",\"output\":["u8);
        output?.WriteTo(target);
        target.Append("],\"tools\":[],\"truncation\":\"disabled\",\"service_tier\":\"default\""u8);
        WriteEcho(target, echo);
        target.Append(",\"usage\":"u8);
        ResponseUsage.Write(target, end.Usage);
        target.Append((byte)'}');
    }

    /// <summary>Writes the member with a failed response.</summary>
    public static void WriteFailed(PooledBytes target, ResponseHead head, ResponseEcho? echo, Exception failure, ResponseItems? output)
    {
        target.Append("\"response\":"u8);
        Write(target, head, echo, new ResponseEnd("failed") { Error = ResponseErrors.Of(failure) }, output);
    }

    /// <summary>Writes a finished reasoning item.</summary>
    /// <param name="target">The output.</param>
    /// <param name="id">Its ID.</param>
    /// <param name="text">Its text, escaped.</param>
    /// <param name="encrypted">The text for <c>encrypted_content</c>; null to leave that out.</param>
    /// <param name="status">Its status.</param>
    public static void WriteReasoning(PooledBytes target, string id, ReadOnlySpan<byte> text, byte[]? encrypted, ReadOnlySpan<byte> status)
    {
        target.Append("{\"id\":"u8);
        target.AppendText(id);
        target.Append(",\"type\":\"reasoning\",\"summary\":[],\"content\":["u8);
        WritePart(target, ResponsePart.Reasoning, text, default);
        target.Append((byte)']');
        if (encrypted is not null)
        {
            target.Append(",\"encrypted_content\":"u8);
            target.AppendText(encrypted);
        }

        WriteStatus(target, status);
    }

    /// <summary>Writes a finished message item.</summary>
    /// <param name="target">The output.</param>
    /// <param name="id">Its ID.</param>
    /// <param name="parts">Its parts, separated by commas.</param>
    /// <param name="status">Its status.</param>
    public static void WriteMessage(PooledBytes target, string id, ReadOnlySpan<byte> parts, ReadOnlySpan<byte> status)
    {
        target.Append("{\"id\":"u8);
        target.AppendText(id);
        target.Append(",\"type\":\"message\",\"role\":\"assistant\",\"content\":["u8);
        target.Append(parts);
        target.Append((byte)']');
        WriteStatus(target, status);
    }

    /// <summary>Writes the item of a tool call.</summary>
    /// <param name="target">The output.</param>
    /// <param name="id">Its ID.</param>
    /// <param name="callId">The ID for its result.</param>
    /// <param name="tool">Its tool.</param>
    /// <param name="input">Its arguments or its input, in UTF-8.</param>
    /// <param name="status">Its status.</param>
    public static void WriteCall(PooledBytes target, string id, string callId, ToolName tool, ReadOnlySpan<byte> input, ReadOnlySpan<byte> status)
    {
        target.Append("{\"id\":"u8);
        target.AppendText(id);
        target.Append(tool.IsCustom ? ",\"type\":\"custom_tool_call\",\"call_id\":"u8 : ",\"type\":\"function_call\",\"call_id\":"u8);
        target.AppendText(callId);
        target.Append(",\"name\":"u8);
        target.AppendText(tool.Name);
        if (tool.Namespace is { } space)
        {
            target.Append(",\"namespace\":"u8);
            target.AppendText(space);
        }

        target.Append(tool.IsCustom ? ",\"input\":"u8 : ",\"arguments\":"u8);
        target.AppendText(input);
        WriteStatus(target, status);
    }

    /// <summary>Writes a part of an item.</summary>
    /// <param name="target">The output.</param>
    /// <param name="kind">Its kind.</param>
    /// <param name="text">Its text, escaped.</param>
    /// <param name="logprobs">The log probabilities of a text, separated by commas.</param>
    public static void WritePart(PooledBytes target, ResponsePart kind, ReadOnlySpan<byte> text, ReadOnlySpan<byte> logprobs)
    {
        target.Append(kind switch
        {
            ResponsePart.Reasoning => "{\"type\":\"reasoning_text\",\"text\":"u8,
            ResponsePart.Text => "{\"type\":\"output_text\",\"text\":"u8,
            _ => "{\"type\":\"refusal\",\"refusal\":"u8,
        });
        target.AppendRawText(text);
        if (kind == ResponsePart.Text)
        {
            target.Append(",\"annotations\":[],\"logprobs\":["u8);
            target.Append(logprobs);
            target.Append((byte)']');
        }

        target.Append((byte)'}');
    }

    /// <summary>Writes the entries of a list of log probabilities, with the members of responses, separated by commas.</summary>
    /// <exception cref="PrivatemodeServiceException">The log probabilities have an unknown form.</exception>
    public static void WriteLogprobs(PooledBytes target, ReadOnlySpan<byte> list)
    {
        Utf8JsonReader reader = new(list, new JsonReaderOptions { MaxDepth = JsonLimits.MaxDepth });
        try
        {
            _ = reader.Read();
            WriteEntries(target, ref reader, list, hasTop: true);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw ChatAnswer.Unreadable();
        }
    }

    private static void WriteEntries(PooledBytes target, ref Utf8JsonReader reader, ReadOnlySpan<byte> json, bool hasTop)
    {
        for (bool isFirst = true; reader.Read() && reader.TokenType != JsonTokenType.EndArray; isFirst = false)
        {
            ChatAnswer.Expect(reader.TokenType == JsonTokenType.StartObject);
            target.Append(isFirst ? "{"u8 : ",{"u8);
            for (bool isFirstMember = true; reader.Read() && reader.TokenType == JsonTokenType.PropertyName;)
            {
                ReadOnlySpan<byte> name = reader.ValueTextEquals("token"u8) ? "token"u8
                    : reader.ValueTextEquals("logprob"u8) ? "logprob"u8
                    : reader.ValueTextEquals("bytes"u8) ? "bytes"u8
                    : hasTop && reader.ValueTextEquals("top_logprobs"u8) ? "top_logprobs"u8 : default;
                _ = reader.Read();
                if (!name.IsEmpty)
                {
                    target.Append(isFirstMember ? default : ","u8);
                    target.AppendRawText(name);
                    target.Append((byte)':');
                    WriteLogprobMember(target, ref reader, json, isList: name.Length == "top_logprobs".Length);
                    isFirstMember = false;
                }

                reader.Skip();
            }

            target.Append((byte)'}');
        }
    }

    private static void WriteLogprobMember(PooledBytes target, ref Utf8JsonReader reader, ReadOnlySpan<byte> json, bool isList)
    {
        if (isList && reader.TokenType == JsonTokenType.StartArray)
        {
            target.Append((byte)'[');
            WriteEntries(target, ref reader, json, hasTop: false);
            target.Append((byte)']');
            return;
        }

        int start = (int)reader.TokenStartIndex;
        reader.Skip();
        target.Append(json[start..(int)reader.BytesConsumed]);
    }

    private static void WriteEcho(PooledBytes target, ResponseEcho? echo)
    {
        foreach ((string name, byte[] otherwise) in ResponseEcho.Members)
        {
            target.Append((byte)',');
            target.AppendText(name);
            target.Append((byte)':');
            ReadOnlySpan<byte> value = echo is null ? default : echo.Find(name);
            target.Append(value.IsEmpty ? otherwise : value);
        }
    }

    private static void WriteError(PooledBytes target, (string Code, string Message)? error)
    {
        if (error is not { } reported)
        {
            target.Append("null"u8);
            return;
        }

        target.Append("{\"code\":"u8);
        target.AppendText(reported.Code);
        target.Append(",\"message\":"u8);
        target.AppendText(reported.Message);
        target.Append((byte)'}');
    }

    private static void WriteReason(PooledBytes target, string? reason)
    {
        if (reason is null)
        {
            target.Append("null"u8);
            return;
        }

        target.Append("{\"reason\":"u8);
        target.AppendText(reason);
        target.Append((byte)'}');
    }

    private static void WriteStatus(PooledBytes target, ReadOnlySpan<byte> status)
    {
        target.Append(",\"status\":"u8);
        target.AppendRawText(status);
        target.Append((byte)'}');
    }

    private static void AppendNumberOrNull(PooledBytes target, long? number)
    {
        if (number is { } value)
        {
            target.AppendNumber(value);
        }
        else
        {
            target.Append("null"u8);
        }
    }
}

/// <summary>The values of a response that are known from its beginning.</summary>
/// <param name="Digits">32 hexadecimal digits that are in all IDs of the response.</param>
/// <param name="CreatedAt">In seconds since 1970.</param>
/// <param name="Model">The model that the caller requested.</param>
internal sealed record ResponseHead(string Digits, long CreatedAt, string Model)
{
    public string Id { get; } = $"resp_{Digits}";

    /// <summary>The ID of an item.</summary>
    public string ItemId(string prefix, int outputIndex) => string.Create(CultureInfo.InvariantCulture, $"{prefix}_{Digits}_{outputIndex}");
}

/// <summary>The end of a response: its status and usage.</summary>
internal readonly ref struct ResponseEnd(string status)
{
    public static ResponseEnd InProgress => new("in_progress");

    public string Status { get; } = status;

    /// <summary>The time in seconds since 1970; null if the response is not complete.</summary>
    public long? CompletedAt { get; init; }

    /// <summary>The reason why the response is incomplete although it did not fail.</summary>
    public string? IncompleteReason { get; init; }

    public (string Code, string Message)? Error { get; init; }

    /// <summary>The usage of the chat as raw JSON; empty if the chat has no usage.</summary>
    public ReadOnlySpan<byte> Usage { get; init; }

    /// <summary>Returns the end for the finish reason of a chat, without usage.</summary>
    /// <param name="finish">The finish reason. Any value other than <c>stop</c>, <c>tool_calls</c> and <c>function_call</c> means incomplete.</param>
    public static ResponseEnd Of(ReadOnlySpan<byte> finish) => IncompleteReasonOf(finish) is { } reason
        ? new ResponseEnd("incomplete") { IncompleteReason = reason }
        : new ResponseEnd("completed");

    /// <summary>Returns the reason why an answer with this finish reason is incomplete, or null if it is complete.</summary>
    public static string? IncompleteReasonOf(ReadOnlySpan<byte> finish) =>
        Is(finish, "stop"u8) || Is(finish, "tool_calls"u8) || Is(finish, "function_call"u8) ? null
        : Is(finish, "content_filter"u8) ? "content_filter" : "max_output_tokens";

    private static bool Is(ReadOnlySpan<byte> finish, ReadOnlySpan<byte> word) => Ascii.EqualsIgnoreCase(finish, word);
}

/// <summary>The kinds of parts that items have.</summary>
internal enum ResponsePart
{
    Reasoning,
    Text,
    Refusal,
}
