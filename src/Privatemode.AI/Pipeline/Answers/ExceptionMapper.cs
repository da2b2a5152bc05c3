using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Privatemode.AI.Internal;
using Privatemode.AI.Receipts;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>Maps the exceptions of a client below an adapter to those of the adapter.</summary>
/// <param name="map">Returns the exception to throw instead, from the original one and the error of the last answer; the same object to rethrow it.
/// </param>
/// <param name="explain">Adds information that requires a further call; it gets the task of the call. Never fails; null if no information can be
/// added.</param>
/// <param name="task">The task that a model must support here; null if there are no models.</param>
internal sealed class ExceptionMapper(
    Func<Exception, ServiceError?, Exception> map, Func<Exception, string?, CancellationToken, Task<Exception>>? explain = null, string? task = null)
{
    /// <summary>Creates the mapper for calls of a task, which is named as in the list of models.</summary>
    public ExceptionMapper For(string ofTask) => new(map, explain, ofTask);

    /// <summary>Returns whether there is another exception to throw. Used in the filter of a catch clause.</summary>
    public bool TryMap(Exception exception, ReceiptScope scope, AnswerParser format, [NotNullWhen(true)] out Exception? mapped)
    {
        mapped = ServiceErrors.IsOfAParser(exception)
            ? scope.Phase switch
            {
                CallPhase.Writing => ServiceErrors.Unwritable(exception, format.FindUnwritable()),
                CallPhase.Sending => ServiceErrors.Interrupted(exception),
                _ => ServiceErrors.Unreadable(exception, scope.FindUnreadable(format.Read)),
            }
            : map(exception, scope.Error);
        return !ReferenceEquals(mapped, exception) || IsUnexplained(mapped);
    }

    /// <summary>An error inside an answer of status 200 is an exception of this library already, but lacks information that requires a further call.</summary>
    private static bool IsUnexplained(Exception exception) =>
        exception is PrivatemodeServiceException { Reason: ServiceFailureReason.ModelUnavailable } and not PrivatemodeModelUnavailableException
        && !UserCallback.Threw(exception);

    /// <summary>The exception to throw, with all information.</summary>
    public Task<Exception> ExplainAsync(Exception mapped, CancellationToken cancellationToken) =>
        explain is null ? Task.FromResult(mapped) : explain(mapped, task, cancellationToken);
}

/// <summary>How an adapter writes requests and reads answers, to name the member at which either failed.</summary>
/// <param name="Read">Reads a whole answer, or the data of one event, and throws if it cannot.</param>
/// <param name="FindUnwritable">The member of the request that cannot be written; null if every member can be written.</param>
internal sealed record AnswerParser(Action<BinaryData> Read, Func<string?> FindUnwritable);

/// <summary>Finds the member that makes an answer unreadable for a client. The exceptions of the OpenAI client do not name it.</summary>
/// <remarks>The answer is read again without each member in turn. Names are content too: only simple ones are reported, and values never are.</remarks>
internal sealed class UnreadableMemberFinder
{
    /// <summary>The maximum length of an answer that is searched, in bytes.</summary>
    public const int MaxAnswerLength = 64 * 1024;

    // Each takes as long as reading the answer.
    private const int MaxReads = 300;

    private readonly Action<BinaryData> _read;
    private readonly JsonNode _root;
    private int _reads;

    private UnreadableMemberFinder(Action<BinaryData> read, JsonNode root) => (_read, _root) = (read, root);

    /// <summary>The JSON path of the member, such as <c>choices[0].message.role</c>; null if no single member is the cause.</summary>
    public static string? Find(ReadOnlySpan<byte> answer, Action<BinaryData> read)
    {
        if (answer.Length > MaxAnswerLength)
        {
            return null;
        }

        try
        {
            UnreadableMemberFinder search = new(read, JsonNode.Parse(answer) ?? new JsonObject());
            StringBuilder path = new();
            if (!search.IsReadable())
            {
                search.Descend(search._root, path);
            }

            return path.Length > 0 ? path.ToString() : null;
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException or InvalidOperationException)
        {
            // Two members of one name, or text that cannot be written again.
            return null;
        }
    }

    private void Descend(JsonNode? node, StringBuilder path)
    {
        switch (node)
        {
            case JsonObject parent:
                foreach ((string name, JsonNode? child) in parent.ToArray())
                {
                    if (MemberNames.IsMember(name) && IsReadableWithout(() => parent.Remove(name), () => parent[name] = child))
                    {
                        _ = path.Append(path.Length > 0 ? "." : "").Append(name);
                        Descend(child, path);
                        return;
                    }
                }

                break;
            case JsonArray parent:
                for (int i = 0; i < parent.Count; i++)
                {
                    (int index, JsonNode? child) = (i, parent[i]);
                    if (IsReadableWithout(() => parent.RemoveAt(index), () => parent.Insert(index, child)))
                    {
                        _ = path.Append('[').Append(index).Append(']');
                        Descend(child, path);
                        return;
                    }
                }

                break;
        }
    }

    private bool IsReadableWithout(Action remove, Action restore)
    {
        remove();
        try
        {
            return IsReadable();
        }
        finally
        {
            restore();
        }
    }

    private bool IsReadable()
    {
        if (_reads++ >= MaxReads)
        {
            return false;
        }

        try
        {
            _read(BinaryData.FromString(_root.ToJsonString()));
            return true;
        }
        catch (Exception)
        {
            return false;
        }
    }
}
