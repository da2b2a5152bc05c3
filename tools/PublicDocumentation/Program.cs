using System.Xml.Linq;
using PublicDocumentation;

// PublicDocumentation <assembly> <documentation file>: removes from the file the members that are not visible outside of the assembly.
// The compiler documents internal members too. IntelliSense never shows them, and half of the file would be about them.
if (args is not [string assembly, string file])
{
    Console.Error.WriteLine("PublicDocumentation : error : Usage: PublicDocumentation <assembly> <documentation file>");
    return 1;
}

HashSet<string> visible = PublicSurface.Read(assembly);
XDocument documentation = XDocument.Load(file, LoadOptions.PreserveWhitespace);
XElement[] members = [.. documentation.Descendants("member")];
foreach (XElement member in members.Where(member => !visible.Contains((string?)member.Attribute("name") ?? "")))
{
    // The line break and the indentation in front of the element go with it.
    if (member.PreviousNode is XText space && string.IsNullOrWhiteSpace(space.Value))
    {
        space.Remove();
    }

    member.Remove();
}

// A member that cannot be matched would lose its documentation unnoticed; if none matches, this program and the compiler disagree about names.
if (members.Length > 0 && !documentation.Descendants("member").Any())
{
    Console.Error.WriteLine($"PublicDocumentation : error : No member in {file} is visible in {assembly}.");
    return 1;
}

documentation.Save(file, SaveOptions.DisableFormatting);
return 0;
