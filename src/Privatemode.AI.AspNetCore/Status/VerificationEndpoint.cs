using Microsoft.AspNetCore.Http;
using Privatemode.AI.AspNetCore.Gate;

namespace Privatemode.AI.AspNetCore.Status;

/// <summary>Answers what was verified about the deployment.</summary>
internal sealed class VerificationEndpoint(PrivatemodeClient client)
{
    public async Task AnswerAsync(HttpContext context, ProxyCaller caller)
    {
        _ = caller;
        VerifiedDeployment deployment = await client.VerifyAsync(context.RequestAborted).ConfigureAwait(false);
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(deployment.ToJson(), context.RequestAborted).ConfigureAwait(false);
    }
}
