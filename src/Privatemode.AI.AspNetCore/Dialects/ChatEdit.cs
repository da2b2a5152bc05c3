using System.Text.Json;
using Privatemode.AI.AspNetCore.Internal;
using Privatemode.AI.AspNetCore.Models;

namespace Privatemode.AI.AspNetCore.Dialects;

/// <summary>Edits the bodies of chats, completions and embeddings. Other members are sent unchanged.</summary>
internal static class ChatEdit
{
    // They name people, or ask for what only OpenAI's servers have. Stored completions are asked for out of habit: nothing is stored.
    private static readonly string[] Dropped =
    [
        "user", "safety_identifier", "metadata", "store", "service_tier", "prompt_cache_key", "prompt_cache_retention", "verbosity", "prediction",
    ];

    // The caller counts on work that would not be done.
    private static readonly string[] Refused = ["web_search_options", "functions", "function_call", "audio"];

    private static readonly byte[] System = "\"system\""u8.ToArray();

    /// <summary>Writes the request for the service, if anything has to be changed.</summary>
    /// <param name="body">The caller's request.</param>
    /// <param name="context">The settings of the proxy, and the caller.</param>
    /// <param name="target">The buffer that receives the edited request.</param>
    /// <exception cref="PrivatemodeRequestException">The body is not JSON, has no model, or has a member that is not supported.</exception>
    public static EditResult Edit(ReadOnlyMemory<byte> body, EditContext context, PooledBuffer target)
    {
        BodyEditor editor = BodyEditor.Read(body);
        string asked = ModelNames.Require(editor.Short("model"));
        ThrowIfNotAvailable(editor);
        bool isEmbedding = editor.Kind("input") != JsonTokenType.None;
        if (isEmbedding && editor.Flag("stream"))
        {
            throw new PrivatemodeRequestException("stream", "Embeddings cannot be streamed. Leave 'stream' out.");
        }

        string model = ReplaceModel(editor, context, asked, isEmbedding ? ModelTask.Embeddings : ModelTask.Chat);
        string? cacheKey = CallerSession.KeyOf(context, editor.Short("prompt_cache_key"));
        Array.ForEach(Dropped, editor.Remove);
        RemoveToolsWithoutUse(editor);
        ReplaceRoles(editor);
        if (context.Options.IgnoreCallerCacheSalt)
        {
            editor.Remove("cache_salt");
        }

        return Write(editor, body, target) with { RequestedModel = asked, Model = model, CacheKey = cacheKey };
    }

    /// <summary>Replaces the name of a model with a model ID that the service offers, and returns this ID.</summary>
    public static string ReplaceModel(BodyEditor editor, EditContext context, string asked, ModelTask task)
    {
        string model = context.Models.Resolve(asked, task);
        if (model != asked)
        {
            editor.Replace("model", JsonSerializer.SerializeToUtf8Bytes(model, ProxyJson.Default.String));
        }

        return model;
    }

    /// <summary>Writes the body if it was changed, and returns the parts of the result that all endpoints have.</summary>
    public static EditResult Write(BodyEditor editor, ReadOnlyMemory<byte> body, PooledBuffer target)
    {
        if (editor.IsChanged)
        {
            editor.Write(target);
        }

        return new EditResult
        {
            IsChanged = editor.IsChanged,
            IsStream = editor.Flag("stream"),
            EstimatedInputTokens = TokenEstimate.Of(editor.IsChanged ? target.Span : body.Span),
        };
    }

    private static void ThrowIfNotAvailable(BodyEditor editor)
    {
        string? member = Refused.FirstOrDefault(name => editor.Kind(name) != JsonTokenType.None);
        if (member is null && editor.Kind("modalities") == JsonTokenType.StartArray)
        {
            Utf8JsonReader reader = editor.ReaderOf("modalities");
            while (reader.Read())
            {
                member ??= reader.TokenType == JsonTokenType.String && BodyEditor.TextEquals(ref reader, "audio"u8) ? "modalities" : null;
            }
        }

        if (member is not null)
        {
            throw new PrivatemodeRequestException(member, $"'{member}' is not available with this service. Leave it out.");
        }
    }

    /// <summary>Removes an empty list of tools, and a tool choice without tools: the model server answers both with an error.</summary>
    private static void RemoveToolsWithoutUse(BodyEditor editor)
    {
        bool isAbsent = editor.Kind("tools") == JsonTokenType.None;
        if (editor.Kind("tools") == JsonTokenType.StartArray)
        {
            Utf8JsonReader reader = editor.ReaderOf("tools");
            _ = reader.Read();
            if (reader.Read() && reader.TokenType == JsonTokenType.EndArray)
            {
                editor.Remove("tools");
                editor.Remove("tool_choice");
                editor.Remove("parallel_tool_calls");
                return;
            }
        }

        // A choice of a tool that is not there is a mistake that the caller should see.
        if (isAbsent && editor.Kind("tool_choice") == JsonTokenType.String && !editor.IsText("tool_choice", "required"u8))
        {
            editor.Remove("tool_choice");
        }
    }

    /// <summary>Replaces the role <c>developer</c>, OpenAI's newer name of the role <c>system</c>, because most models' templates do not know it.</summary>
    private static void ReplaceRoles(BodyEditor editor)
    {
        if (editor.Kind("messages") != JsonTokenType.StartArray)
        {
            return;
        }

        Utf8JsonReader reader = editor.ReaderOf("messages");
        bool isRole = false;
        while (reader.Read())
        {
            if (isRole && reader.TokenType == JsonTokenType.String && BodyEditor.TextEquals(ref reader, "developer"u8))
            {
                editor.ReplacePart("messages", checked((int)reader.TokenStartIndex), reader.ValueSpan.Length + 2, System);
            }

            isRole = reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == 2 && BodyEditor.TextEquals(ref reader, "role"u8);
        }
    }
}
