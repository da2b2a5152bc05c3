using System.CommandLine;

namespace Privatemode.Tool.CommandLine;

/// <summary>All commands, in the order in which help lists them. A new command is one line here.</summary>
internal static class CommandList
{
    public static IEnumerable<Command> Create(ToolContext context) =>
    [
        Proxy.ProxyCommand.Create(context),
        Launch.LaunchCommand.Create(context),
        Verify.VerifyCommand.Create(context),
        Manifests.ManifestCommands.Create(context),
        Verity.VerityCommand.Create(context),
        Models.ModelsCommand.Create(context),
        Chat.ChatCommand.Create(context),
        Transcribe.TranscribeCommand.Create(context),
        Doctor.DoctorCommand.Create(context),
        App.AppCommand.Create(context),
    ];
}
