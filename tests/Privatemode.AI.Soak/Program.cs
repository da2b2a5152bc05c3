using Privatemode.AI.Soak;
using Privatemode.AI.Soak.Scenarios;

// Calls of the client and the proxy under load, over a day, while clients are disposed, with directories that cannot be used, and without free threads. Each
// call must end with the right and whole answer, an error, or its caller's abort; nothing may be left of it, and nothing of a request may reach the
// deployment in the clear.
if (SoakOptions.Parse(args) is not { } options)
{
    Console.WriteLine(SoakOptions.Usage);
    return 2;
}

switch (options.Scenario)
{
    case ScenarioName.Serve:
        return await Serving.RunAsync(options);
    case ScenarioName.Load:
        Console.WriteLine($"{options.Clients} callers, {options.Duration}, seed {options.Seed}");
        return await new SoakRun(options).RunAsync() ? 0 : 1;
    default:
        return await ScenarioRun.RunAsync(options) ? 0 : 1;
}
