using System.ClientModel.Primitives;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Calls;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Tests.Responses;

namespace Privatemode.AI.Tests.Pipeline.Calls;

/// <summary>The address of a message while it is sent: that of the chat for a request for a response, and for any other request the one it has.</summary>
public sealed class EncryptedMessageScopeTests
{
    private static readonly Uri Service = new("https://api.privatemode.ai");

    [Fact]
    public void Address_OfATranslatedCall_IsThatOfTheChat_AndPutBack()
    {
        Uri asked = new(Service, "/v1/responses");
        using PipelineMessage message = NewMessage(asked);
        using EncryptedCall call = new() { Rule = EndpointRules.ChatCompletions, RequestId = "sdk_0", Translation = ResponseVectors.NewCall(default) };
        using (Begin(message, call))
        {
            Assert.Equal(new Uri(Service, "/v1/chat/completions"), message.Request.Uri);
        }

        Assert.Same(asked, message.Request.Uri);
    }

    /// <summary>A policy may have edited it between two attempts. That is to be found, not corrected.</summary>
    [Fact]
    public void Address_OfAnyOtherCall_IsNotTouched()
    {
        Uri edited = new(Service, "/v1/embeddings");
        using PipelineMessage message = NewMessage(edited);
        using EncryptedCall call = new() { Rule = EndpointRules.ChatCompletions, RequestId = "sdk_0" };
        using (Begin(message, call))
        {
            Assert.Same(edited, message.Request.Uri);
        }
    }

    private static PipelineMessage NewMessage(Uri address)
    {
        PipelineMessage message = ClientPipeline.Create().CreateMessage();
        message.Request.Uri = address;
        return message;
    }

    private static EncryptedMessageScope Begin(PipelineMessage message, EncryptedCall call)
    {
        CallDeadline deadline = new(TimeSpan.FromMinutes(1), TimeProvider.System, async: true, CancellationToken.None);
        return new EncryptedMessageScope(message, new CallAttempt(call, null, null, null, []), deadline);
    }
}
