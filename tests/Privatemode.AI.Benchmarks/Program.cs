using BenchmarkDotNet.Running;
using Privatemode.AI.Benchmarks;
using Privatemode.AI.Benchmarks.Audio;
using Privatemode.AI.Benchmarks.Calls;
using Privatemode.AI.Benchmarks.Proxy;
using Privatemode.AI.Benchmarks.Scale;
using Privatemode.AI.Benchmarks.Wire;

// micro: BenchmarkDotNet classes; wire: the loopback harness; audio: 50 MiB of a recording; proxy: our proxy beside another one;
// calls: every bar of a call, one row each; scale: how cost grows; cold: the first token of a process.
// serve, sink and proxies: the servers of the last three, started by them as other processes.
// --enforce: calls, proxy and cold end with exit code 1 if a row is worse than accepted.
bool isEnforced = args.Contains("--enforce");
args = [.. args.Where(argument => argument != "--enforce")];
int exitCode = args switch
{
    ["serve"] => await HarnessServer.RunAsync(),
    ["audio", ..] => await AudioRun.RunAsync(),
    ["sink"] => await AudioSink.RunAsync(),
    ["proxy", ..] => await ProxyRun.RunAsync(),
    ["proxies", string endpoint, string meshCa] => await ProxyHosts.RunAsync(new Uri(endpoint), meshCa),
    ["calls", .. var rows] => await CallsRun.RunAsync(rows),
    ["scale", .. var tables] => await ScaleRun.RunAsync(tables),
    ["cold", .. var program] => ColdRun.Run(program.FirstOrDefault()),
    ["wire", ..] => await Harness.RunAsync(),
    _ => Micro(args),
};
return exitCode == 0 && isEnforced && !Accepted.Report() ? 1 : exitCode;

static int Micro(string[] args)
{
    _ = BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args is ["micro", .. var rest] ? rest : args);
    return 0;
}
