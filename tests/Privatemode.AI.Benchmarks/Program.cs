using BenchmarkDotNet.Running;
using Privatemode.AI.Benchmarks.Audio;
using Privatemode.AI.Benchmarks.Wire;

// micro: BenchmarkDotNet classes; wire: the loopback harness; audio: 50 MiB of a recording.
// serve and sink: the servers of the last two, started by them as other processes.
return args switch
{
    ["serve"] => await HarnessServer.RunAsync(),
    ["audio", ..] => await AudioRun.RunAsync(),
    ["sink"] => await AudioSink.RunAsync(),
    ["wire", ..] => await Harness.RunAsync(),
    _ => Micro(args),
};

static int Micro(string[] args)
{
    _ = BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args is ["micro", .. var rest] ? rest : args);
    return 0;
}
