namespace UserPrograms;

internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("privatemode-user-programs-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
