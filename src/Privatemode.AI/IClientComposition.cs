using Privatemode.AI.Diagnostics;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Verification;

namespace Privatemode.AI;

/// <summary>The parts of a client: over a verified deployment, or over a local proxy that this client does not verify.</summary>
internal interface IClientComposition : IDisposable
{
    Uri Endpoint { get; }

    PrivatemodeOpenAIClient OpenAI { get; }

    ClientEvents Events { get; }

    ModelCatalog Models { get; }

    /// <summary>Maps exceptions for the adapters.</summary>
    CallFailures Failures { get; }

    DeploymentHealth Health { get; }

    /// <summary>Whether this client neither verifies nor encrypts.</summary>
    bool IsUnverified { get; }

    /// <summary>Sends a request of another library.</summary>
    ValueTask<HttpResponseMessage> SendAsync(HttpRequestMessage request, bool async, CancellationToken cancellationToken);

    Task ConnectAsync(CancellationToken cancellationToken);

    Task<VerifiedDeployment> VerifyAsync(CancellationToken cancellationToken);
}
