using BenchmarkDotNet.Running;
using Privatemode.AI.Benchmarks.Wire;

// micro: BenchmarkDotNet classes; wire: the loopback harness; serve: the harness's server, started by it as another process.
return args switch
{
    ["serve"] => await HarnessServer.RunAsync(),
    ["wire", ..] => await Harness.RunAsync(),
    _ => Micro(args),
};

static int Micro(string[] args)
{
    _ = BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args is ["micro", .. var rest] ? rest : args);
    return 0;
}
