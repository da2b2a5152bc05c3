using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;

namespace Privatemode.AI.SemanticKernel.Chat;

/// <summary>Invokes the functions that one answer calls, through the kernel's filters, and adds their results to the chat history.</summary>
/// <param name="kernel">The kernel.</param>
/// <param name="history">The chat history.</param>
/// <param name="settings">The settings of the call, for filters.</param>
/// <param name="isStreaming">Whether the answer was streamed, for filters.</param>
internal sealed class FunctionInvoker(Kernel kernel, ChatHistory history, PromptExecutionSettings? settings, bool isStreaming)
{
    /// <summary>The maximum number of requests of a call that are followed by invocations, and the maximum depth of nested invocations.</summary>
    /// <remarks>Semantic Kernel's own connectors have the same limits.</remarks>
    public const int Limit = 128;

    private const string ResultMember = "FunctionResultContent.Result";

    private static readonly AsyncLocal<int> Depth = new();

    // As in Semantic Kernel's connectors: the names of properties are kept, and characters are not escaped for HTML.
    private static readonly JsonSerializerOptions ResultOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Whether functions may be invoked after a number of requests, and at the current depth.</summary>
    public static bool IsAllowed(int requestIndex) => requestIndex < Limit && Depth.Value < Limit;

    /// <summary>Whether an exception says that a deployment or an answer was not authentic.</summary>
    public static bool IsNotAuthentic(Exception? exception) => exception switch
    {
        null => false,
        PrivatemodeVerificationException or PrivatemodeIntegrityException => true,
        AggregateException several => several.InnerExceptions.Any(IsNotAuthentic),
        _ => IsNotAuthentic(exception.InnerException),
    };

    /// <summary>Invokes all calls of an answer.</summary>
    /// <param name="answer">The answer. It is added to the history first.</param>
    /// <param name="functions">The functions that were offered to the model.</param>
    /// <param name="requestIndex">The number of earlier requests of this call.</param>
    /// <param name="cancellationToken">A token that cancels the invocations.</param>
    /// <returns>The last message, if a filter ended the processing; otherwise null.</returns>
    public async Task<ChatMessageContent?> InvokeAsync(
        ChatMessageContent answer, FunctionSet functions, int requestIndex, CancellationToken cancellationToken)
    {
        history.Add(answer);
        FunctionCallContent[] calls = [.. FunctionCallContent.GetFunctionCalls(answer)];
        List<Task<Outcome>> running = [];
        bool isEnded = false;
        for (int index = 0; index < calls.Length; index++)
        {
            Task<Outcome> invocation = InvokeOneAsync(answer, calls, index, functions, requestIndex, cancellationToken);
            if (functions.IsConcurrent)
            {
                running.Add(invocation);
                continue;
            }

            if (AddResult(await invocation.ConfigureAwait(false)))
            {
                return history[^1];
            }
        }

        foreach (Outcome outcome in await Task.WhenAll(running).ConfigureAwait(false))
        {
            isEnded |= AddResult(outcome);
        }

        return isEnded ? history[^1] : null;
    }

    private async Task<Outcome> InvokeOneAsync(
        ChatMessageContent answer, FunctionCallContent[] calls, int index, FunctionSet functions, int requestIndex, CancellationToken cancellationToken)
    {
        FunctionCallContent call = calls[index];
        if (call.Exception is not null)
        {
            return new(call, "Error: The arguments of the call are incomplete or not a JSON object. Call the function again with complete arguments.");
        }

        if (functions.Find(FunctionSet.WireName(call.PluginName, call.FunctionName)) is not { } function)
        {
            return new(call, "Error: The function does not exist. Call one of the functions that were described.");
        }

        AutoFunctionInvocationContext context = new(kernel, function, new FunctionResult(function, culture: kernel.Culture), history, answer)
        {
            Arguments = call.Arguments,
            RequestSequenceIndex = requestIndex,
            FunctionSequenceIndex = index,
            FunctionCount = calls.Length,
            CancellationToken = cancellationToken,
            IsStreaming = isStreaming,
            ToolCallId = call.Id,
            ExecutionSettings = settings,
        };

        // An AsyncLocal: the caller's value is restored when this method returns.
        Depth.Value++;
        string result;
        try
        {
            await FilterAsync(context, 0).ConfigureAwait(false);
            result = await ToTextAsync(context.Result.GetValue<object>(), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (
            exception is not PrivatemodeRequestException { Member: ResultMember } && IsForTheModel(exception, cancellationToken))
        {
            return new(call, $"Error: Exception while invoking function. {exception.Message}");
        }

        return new(call, result, context.Terminate);
    }

    /// <summary>Runs the filter at a position. Each filter calls the next one, and the last filter calls the function.</summary>
    private Task FilterAsync(AutoFunctionInvocationContext context, int position) => position < kernel.AutoFunctionInvocationFilters.Count
        ? kernel.AutoFunctionInvocationFilters[position].OnAutoFunctionInvocationAsync(context, next => FilterAsync(next, position + 1))
        : RunAsync(context);

    private async Task RunAsync(AutoFunctionInvocationContext context)
    {
        if (!context.Terminate)
        {
            // Without the settings of the call: otherwise prompts inside the function would offer all functions too.
            context.Result = await context.Function.InvokeAsync(kernel, context.Arguments, context.CancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Whether an exception is reported to the model, which can correct its call. A failed verification, a forged answer and a cancellation must
    /// reach the caller instead.</summary>
    private static bool IsForTheModel(Exception exception, CancellationToken cancellationToken) =>
        !IsNotAuthentic(exception) && (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested);

    /// <summary>Converts a result to text, so that filters and stored histories contain what the model receives.</summary>
    /// <exception cref="PrivatemodeRequestException">The result cannot be serialized as JSON.</exception>
    private static async Task<string> ToTextAsync(object? result, CancellationToken cancellationToken)
    {
        object? value = HistoryMapper.ToResult(result);
        if (value is null or string)
        {
            return value as string ?? "";
        }

        try
        {
            // Unlike the synchronous method, it reads an asynchronous sequence.
            using MemoryStream json = new();
            await JsonSerializer.SerializeAsync(json, value, ResultOptions, cancellationToken).ConfigureAwait(false);
            return Encoding.UTF8.GetString(json.GetBuffer().AsSpan(0, (int)json.Length));
        }
        catch (Exception exception) when (exception is NotSupportedException or JsonException or ArgumentException)
        {
            // Without the message of the serializer, which names members of the value.
            throw new PrivatemodeRequestException(
                ResultMember,
                $"A function returned a value of type {value.GetType()}, which cannot be serialized as JSON. Return text, or a type the serializer supports.");
        }
    }

    private bool AddResult(Outcome outcome)
    {
        ChatMessageContent message = new(AuthorRole.Tool, outcome.Result);
        message.Items.Add(new FunctionResultContent(outcome.Call, outcome.Result));
        history.Add(message);
        return outcome.IsEnd;
    }

    private readonly record struct Outcome(FunctionCallContent Call, string Result, bool IsEnd = false);
}
