using Privatemode.AI.Replicas;
using Privatemode.AI.Testing;

// Processes that share AMD's and Intel's files through a real Redis server, as docs/replicas.md describes. Each is a process of its own, because
// the clients of one process share these files in its memory.
//   Privatemode.AI.Replicas                              the parent; exit code 77 if redis-server is not installed
//   Privatemode.AI.Replicas replica ADDRESS REDIS        a process that verifies the deployment once; see Replica
if (args is ["replica", string address, string redis])
{
    return await Replica.RunAsync(new Uri(address), redis);
}

if (!RedisServer.IsInstalled)
{
    Console.WriteLine("skipped: redis-server is not installed");
    return 77;
}

int failed = 0;
foreach (EvidenceKind kind in (EvidenceKind[])[EvidenceKind.SevSnp, EvidenceKind.Tdx])
{
    await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
    deployment.Evidence.Kind = kind;
    deployment.Evidence.IncludeCertificates = false;
    await using RedisServer server = await RedisServer.StartAsync();
    Scenario scenario = new(deployment, server);
    failed += await scenario.RunAsync();
}

Console.WriteLine(failed == 0 ? "Replicas share collateral through Redis, and do not depend on it." : $"{failed} FAILED");
return failed == 0 ? 0 : 1;
