namespace Privatemode.AI.Verification;

/// <summary>What is known about the deployment now.</summary>
/// <param name="Deployment">The verdict that counts; null when there is none.</param>
/// <param name="Failure">Why the last verification or renewal failed; null when it did not.</param>
internal readonly record struct DeploymentHealth(VerifiedDeployment? Deployment, Exception? Failure);
