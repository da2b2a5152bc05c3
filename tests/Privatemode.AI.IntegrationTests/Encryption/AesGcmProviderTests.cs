using System.Diagnostics;

namespace Privatemode.AI.IntegrationTests.Encryption;

/// <summary>
/// All tests of this project run with the AES-256-GCM that the library chooses; those of the project for the next package versions run with the
/// switch that leaves it to the platform. Here is the proof.
/// </summary>
public sealed class AesGcmProviderTests : DeploymentTest
{
    private static bool IsSwitchOn => AppContext.TryGetSwitch("Privatemode.AI.PlatformAesGcmOnly", out bool isOn) && isOn;

    [Fact]
    public async Task NativeLibrary_OfLibsodium_IsLoadedUnlessTheSwitchForbidsIt()
    {
        Assert.Null(await AskAsync());
        using Process process = Process.GetCurrentProcess();
        bool isLoaded = process.Modules.Cast<ProcessModule>().Any(module => module.ModuleName.Contains("sodium", StringComparison.OrdinalIgnoreCase));
        Assert.Equal(!IsSwitchOn, isLoaded);
    }

    [Fact]
    public void Switch_IsOnInTheTestsOfTheNextPackageVersions() =>
        Assert.Equal(typeof(AesGcmProviderTests).Assembly.GetName().Name!.EndsWith(".Next", StringComparison.Ordinal), IsSwitchOn);
}
