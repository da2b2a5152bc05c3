using System.Text;
using Privatemode.Tool.Tests.Fakes;

namespace Privatemode.Tool.Tests.Launch;

/// <summary>A home directory with the configurations of assistants, and programs of their names.</summary>
internal sealed class AssistantHome
{
    private readonly ToolRun _run;

    public AssistantHome(ToolRun run)
    {
        _run = run;
        run.SetVariable("HOME", run.WorkingDirectory);
        run.SetVariable("PATH", Path.Combine(run.WorkingDirectory, "bin"));
    }

    public string ClaudeSettings => Path.Combine(_run.WorkingDirectory, ".claude", "settings.json");

    public string CodexSettings => Path.Combine(_run.WorkingDirectory, ".codex", "config.toml");

    public string OpenCodeSettings => Path.Combine(_run.WorkingDirectory, ".config", "opencode", "opencode.json");

    public string PathOf(string program) => program switch
    {
        "claude" => ClaudeSettings,
        "codex" => CodexSettings,
        _ => OpenCodeSettings,
    };

    public static void Write(string path, string? content)
    {
        _ = Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        if (content is not null)
        {
            File.WriteAllBytes(path, Encoding.UTF8.GetBytes(content));
        }
    }

    public void WriteProgram(string name, string script)
    {
        string path = Path.Combine(_run.WorkingDirectory, "bin", name);
        Write(path, $"#!/bin/sh\n{script}\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
