using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Privatemode.Tool.App;

/// <summary>The chat page. Its parts are embedded files that are joined into one document, so that the page needs no second request.</summary>
internal sealed partial class AppPage
{
    private const string NonceMark = "%nonce%";

    private readonly string[] _parts;

    private AppPage(string document) => _parts = document.Split(NonceMark);

    /// <summary>The modules in the order in which they are joined. A constant must come before the code that uses it.</summary>
    public static IReadOnlyList<string> Modules { get; } =
    [
        "text.js", "address.js", "inline.js", "lines.js", "markdown.js", "dom.js", "render.js", "api.js", "wire.js", "models.js", "attachments.js", "badge.js",
        "storage.js", "dialogs.js", "view.js", "chat.js", "state.js", "composer.js", "side.js", "main.js",
    ];

    /// <summary>Joins the embedded files.</summary>
    public static AppPage Load() => new(Read("page.html")
        .Replace("%style%", Read("page.css"), StringComparison.Ordinal)
        .Replace("%script%", Join(Modules.Select(Read)), StringComparison.Ordinal));

    /// <summary>Joins modules that import only each other into one script. The import and export statements are removed, because each module then sees the
    /// declarations of the others.</summary>
    public static string Join(IEnumerable<string> modules)
    {
        StringBuilder script = new();
        foreach (string module in modules)
        {
            _ = script.Append(Exports().Replace(Imports().Replace(module, ""), "")).Append('\n');
        }

        return script.ToString();
    }

    /// <summary>A value that marks the scripts and styles of one answer, and that no other document can guess.</summary>
    public static string CreateNonce() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(16));

    /// <summary>The document with the nonce at its script and its style.</summary>
    public string Render(string nonce) => string.Join(nonce, _parts);

    /// <summary>
    /// Returns the policy of the page: it can run its one script, connect to its own origin, and show pictures that it created. No string can become a script
    /// or HTML (Trusted Types without a policy), even if the page has a bug in how it handles the text of a model.
    /// </summary>
    public static string ContentSecurityPolicy(string nonce) =>
        $"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src blob: data:; connect-src 'self'; base-uri 'none'; " +
        "form-action 'none'; frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

    /// <summary>Reads an embedded file of the page.</summary>
    public static string Read(string name)
    {
        using Stream stream = typeof(AppPage).Assembly.GetManifestResourceStream($"App/{name}")
            ?? throw new InvalidOperationException($"The program lacks its file {name}.");
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }

    [GeneratedRegex("""^import \{ [A-Za-z, ]+ \} from "\./[a-z]+\.js";\r?\n""", RegexOptions.Multiline)]
    private static partial Regex Imports();

    [GeneratedRegex("^export ", RegexOptions.Multiline)]
    private static partial Regex Exports();
}
