using Privatemode.AI.Soak;

// Many callers against a proxy in front of a test deployment, with faults, aborts and renewals. Each call must end with the right and whole answer, an
// error, or its caller's abort; nothing may be left of it, and nothing of a request may reach the deployment in the clear.
if (SoakOptions.Parse(args) is not { } options)
{
    Console.WriteLine(SoakOptions.Usage);
    return 2;
}

Console.WriteLine($"{options.Clients} callers, {options.Duration}, seed {options.Seed}");
return await new SoakRun(options).RunAsync() ? 0 : 1;
