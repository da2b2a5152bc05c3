using System.Text;
using Microsoft.AspNetCore.Http;
using Privatemode.AI.AspNetCore.Dialects;
using Privatemode.AI.AspNetCore.Gate;
using Privatemode.AI.AspNetCore.Internal;
using Privatemode.AI.AspNetCore.Models;

namespace Privatemode.AI.AspNetCore.Tests.Dialects;

/// <summary>Edits bodies as the proxy does, without a proxy.</summary>
internal sealed class EditTesting
{
    public static ModelInfo[] Models { get; } =
    [
        new ModelInfo { Id = "gpt-oss-120b", Tasks = ["generate", "tool_calling"], OwnedBy = "openai", Aliases = ["openai/gpt-oss-120b"] },
        new ModelInfo { Id = "openai/gpt-oss-120b", Tasks = ["generate", "tool_calling"], Aliases = ["gpt-oss-120b"] },
        new ModelInfo { Id = "glm-5.3", Tasks = ["generate", "tool_calling"], CreatedAt = DateTimeOffset.FromUnixTimeSeconds(1_790_000_000) },
        new ModelInfo { Id = "glm-5.3-flash", Tasks = ["generate", "tool_calling", "vision"] },
        new ModelInfo { Id = "deepseek-ocr-2", Tasks = ["generate", "vision"] },
        new ModelInfo { Id = "qwen3-embedding-4b", Tasks = ["embed"] },
        new ModelInfo { Id = "whisper-large-v3", Tasks = ["transcribe"] },
    ];

    public PrivatemodeProxyOptions Options { get; } = new();

    public HeaderDictionary Headers { get; } = [];

    public ProxyCaller Caller { get; set; } = ProxyCaller.Unknown;

    public EditContext Context => new()
    {
        Options = Options,
        Models = new ModelAliases(new AliasTable(Options, _ => { }), Models, new FixedEmbeddings()),
        Caller = Caller,
        Headers = Headers,
    };

    public delegate EditResult Edit(ReadOnlyMemory<byte> body, EditContext context, PooledBuffer target);

    /// <summary>The body that is sent. Editing it again must not change it.</summary>
    public string Run(Edit edit, string body, out EditResult result)
    {
        string once = RunOnce(edit, body, out result);
        Assert.Equal(once, RunOnce(edit, once, out _));
        return once;
    }

    public string Run(Edit edit, string body) => Run(edit, body, out _);

    public static PrivatemodeRequestException Refusal(Edit edit, string body) =>
        Assert.Throws<PrivatemodeRequestException>(() => new EditTesting().RunOnce(edit, body, out _));

    public string RunOnce(Edit edit, string body, out EditResult result)
    {
        using PooledBuffer target = new(0);
        result = edit(Encoding.UTF8.GetBytes(body), Context, target);
        return result.IsChanged ? Encoding.UTF8.GetString(target.Span) : body;
    }
}
