// node --test: Markdown. Trees are written as text: <strong>x</strong>. This is only how the tests show them; the page makes elements (render.js).

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseInline } from "./inline.js";
import { countNodes, MarkdownStream, MaxNodes, MaxRows, parseMarkdown } from "./markdown.js";

const escape = text => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

function inline(nodes) {
    return nodes.map(node => {
        switch (node.type) {
            case "text": return escape(node.text);
            case "break": return "<br>";
            case "code": case "math": return `<${node.type}>${escape(node.text)}</${node.type}>`;
            case "image": return `<image ${escape(node.alt)}|${escape(node.address)}>`;
            case "link": return `<a ${node.href}${node.title === null ? "" : ` "${node.title}"`}>${inline(node.children)}</a>`;
            default: return `<${node.type}>${inline(node.children)}</${node.type}>`;
        }
    }).join("");
}

function blocks(list) {
    return list.map(block => {
        switch (block.type) {
            case "paragraph": return `<p>${inline(block.children)}</p>`;
            case "heading": return `<h${block.level}>${inline(block.children)}</h${block.level}>`;
            case "rule": return "<hr>";
            case "code": return `<pre ${block.language}>${escape(block.text)}</pre>`;
            case "formula": case "plain": return `<${block.type}>${escape(block.text)}</${block.type}>`;
            case "quote": return `<quote>${blocks(block.children)}</quote>`;
            case "list": {
                const items = block.items.map(item => `<li>${blocks(item)}</li>`).join("");
                return `<${block.ordered ? `ol ${block.first}` : "ul"}${block.tight ? "" : " loose"}>${items}</>`;
            }
            default: {
                const rows = [block.header, ...block.rows].map(row => `<tr>${row.map(inline).join("|")}</tr>`).join("");
                return `<table ${block.aligns.map(align => align ?? "-")}>${rows}</table>`;
            }
        }
    }).join("");
}

const InlineCases = [
    ["plain text", "plain text"],
    ["*a* _b_ **c** __d__ ***e*** ~~f~~", "<em>a</em> <em>b</em> <strong>c</strong> <strong>d</strong> <em><strong>e</strong></em> <del>f</del>"],
    ["**a*b**", "<strong>a*b</strong>"],
    ["**a *b* c**", "<strong>a <em>b</em> c</strong>"],
    ["*a **b***", "<em>a <strong>b</strong></em>"],
    ["snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4"],
    ["a*b*c", "a<em>b</em>c"],
    ["*open", "*open"],
    ["**open *and", "**open *and"],
    ["close*", "close*"],
    ["* a *", "* a *"],
    ["~one~ ~~~three~~~", "~one~ ~~~three~~~"],
    ["********a********", "********a********"],
    ["`code` ``a`b`` ` `` `", "<code>code</code> <code>a`b</code> <code>``</code>"],
    ["`open", "`open"],
    ["``open`", "``open`"],
    ["`*a*` *`b`*", "<code>*a*</code> <em><code>b</code></em>"],
    ["`<script>`", "<code>&lt;script&gt;</code>"],
    ["[a](https://b.example)", "<a https://b.example/>a</a>"],
    ["[*a*](<https://b.example/c> \"t\")", "<a https://b.example/c \"t\"><em>a</em></a>"],
    ["[a](https://b.example/(c))", "<a https://b.example/(c)>a</a>"],
    ["[a](https://b.example 't')", "<a https://b.example/ \"t\">a</a>"],
    ["[https://a.example](https://b.example/c)", "<a https://b.example/c>https://a.example</a>"],
    ["[see https://a.example] there", "[see https://a.example] there"],
    ["[a](javascript:alert(1))", "[a](javascript:alert(1))"],
    ["[**a**](data:text/html,x)", "[<strong>a</strong>](data:text/html,x)"],
    ["[a](/b)", "[a](/b)"],
    ["[a](https://b@c.example)", "[a](https://b@c.example)"],
    ["[a] (https://b.example)", "[a] (<a https://b.example/>https://b.example</a>)"],
    ["[a][b] [1]", "[a][b] [1]"],
    ["[a", "[a"],
    ["a]", "a]"],
    ["[a [b](https://c.example) d](https://e.example)", "[a <a https://c.example/>b</a> d](<a https://e.example/>https://e.example</a>)"],
    ["![alt *x*](https://b.example/i.png)", "<image alt x|https://b.example/i.png>"],
    ["[![a](https://b.example/i)](https://c.example)", "<a https://c.example/><image a|https://b.example/i></a>"],
    ["!x ![y", "!x ![y"],
    ["<https://a.example> <b> <br> <br/>", "<a https://a.example/>https://a.example</a> &lt;b&gt; <br> <br>"],
    ["<javascript:alert(1)>", "&lt;javascript:alert(1)&gt;"],
    ["<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"],
    ["see https://a.example/b_(c)_d. And (https://e.example).",
        "see <a https://a.example/b_(c)_d>https://a.example/b_(c)_d</a>. And (<a https://e.example/>https://e.example</a>)."],
    ["xhttps://a.example", "xhttps://a.example"],
    ["**https://a.example**", "<strong><a https://a.example/>https://a.example</a></strong>"],
    ["http:// https://", "http:// https://"],
    ["a\\*b\\* \\[c\\] \\\\ \\x", "a*b* <math>c</math> \\ \\x"],
    ["\\(x^2\\) and \\(open", "<math>x^2</math> and \\(open"],
    ["a  \nb\\\nc\nd", "a<br>b<br>c\nd"],
    ["&lt;b&gt; &amp; &nope; &", "&lt;b&gt; &amp; &amp;nope; &amp;"],
];

const BlockCases = [
    ["", ""],
    ["a\nb\n\nc", "<p>a\nb</p><p>c</p>"],
    ["# a\n## b ##\n###### c\n####### d", "<h1>a</h1><h2>b</h2><h6>c</h6><p>####### d</p>"],
    ["#a", "<p>#a</p>"],
    ["a\n===\nb\n---", "<h1>a</h1><h2>b</h2>"],
    ["a\n# b", "<p>a</p><h1>b</h1>"],
    ["---\n***\n_ _ _", "<hr><hr><hr>"],
    ["```js\nx < 1\n\ny\n```\na", "<pre js>x &lt; 1\n\ny</pre><p>a</p>"],
    ["```\nopen", "<pre >open</pre>"],
    ["~~~\n```\n~~~", "<pre >```</pre>"],
    ["````\n```\n````", "<pre >```</pre>"],
    ["  ```\n  a\n    b\n  ```", "<pre >a\n  b</pre>"],
    ["```a`b```", "<p><code>a`b</code></p>"],
    ["a\n```\nb\n```", "<p>a</p><pre >b</pre>"],
    ["    code\n\n    more", "<pre >code\n\nmore</pre>"],
    ["> a\n> b\nlazy\n\nc", "<quote><p>a\nb\nlazy</p></quote><p>c</p>"],
    ["> a\n> > b", "<quote><p>a</p><quote><p>b</p></quote></quote>"],
    ["> ```\n> a\n> ```\nb", "<quote><pre >a</pre></quote><p>b</p>"],
    ["- a\n- b", "<ul><li><p>a</p></li><li><p>b</p></li></>"],
    ["- a\n\n- b", "<ul loose><li><p>a</p></li><li><p>b</p></li></>"],
    ["- a\n  - b\n    - c\n- d", "<ul><li><p>a</p><ul><li><p>b</p><ul><li><p>c</p></li></></li></></li><li><p>d</p></li></>"],
    ["1. a\n   - b\n   - c\n2. d\n3. e", "<ol 1><li><p>a</p><ul><li><p>b</p></li><li><p>c</p></li></></li><li><p>d</p></li><li><p>e</p></li></>"],
    ["1. a\n  - b\n2. c", "<ol 1><li><p>a</p><ul><li><p>b</p></li></></li><li><p>c</p></li></>"],
    ["3) a\n4) b", "<ol 3><li><p>a</p></li><li><p>b</p></li></>"],
    ["- a\n* b", "<ul><li><p>a</p></li></><ul><li><p>b</p></li></>"],
    ["1. a\n\n   ```\n   x\n   ```\n2. b", "<ol 1><li><p>a</p><pre >x</pre></li><li><p>b</p></li></>"],
    ["- a\n\n  b\n- c", "<ul loose><li><p>a</p><p>b</p></li><li><p>c</p></li></>"],
    ["- a\nlazy\n\nb", "<ul><li><p>a\nlazy</p></li></><p>b</p>"],
    ["a\n- b", "<p>a</p><ul><li><p>b</p></li></>"],
    ["In\n1984. was", "<p>In\n1984. was</p>"],
    ["-", "<ul><li></li></>"],
    ["- - a", "<ul><li><ul><li><p>a</p></li></></li></>"],
    ["- [x] a", "<ul><li><p>[x] a</p></li></>"],
    ["| a | b |\n|:--|--:|\n| 1 | `x|y` |\n| 2 |\n\nc", "<table left,right><tr>a|b</tr><tr>1|<code>x|y</code></tr><tr>2|</tr></table><p>c</p>"],
    ["a | b\n--- | :-:\n1 | 2", "<table -,center><tr>a|b</tr><tr>1|2</tr></table>"],
    ["| a \\| b |\n|---|", "<table -><tr>a | b</tr></table>"],
    ["text\n| a |\n|---|\n| b |", "<p>text</p><table -><tr>a</tr><tr>b</tr></table>"],
    ["| a |\n| b |", "<p>| a |\n| b |</p>"],
    ["| a | b |\n|---|", "<p>| a | b |\n|---|</p>"],
    ["| <script> |\n|---|\n| [x](javascript:y) |", "<table -><tr>&lt;script&gt;</tr><tr>[x](javascript:y)</tr></table>"],
    ["\\[\nE = mc^2\n\\]", "<formula>E = mc^2</formula>"],
    ["$$ a $$", "<formula>a</formula>"],
    ["$$\nopen\n\nb", "<p>$$\nopen</p><p>b</p>"],
    ["<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"],
    ["<div onclick=\"x\">\n\n**b**\n</div>", "<p>&lt;div onclick=\"x\"&gt;</p><p><strong>b</strong>\n&lt;/div&gt;</p>"],
    ["<!-- hidden -->", "<p>&lt;!-- hidden --&gt;</p>"],
];

test("inline Markdown", async t => {
    for (const [text, expected] of InlineCases) {
        await t.test(JSON.stringify(text), () => assert.equal(inline(parseInline(text)), expected));
    }
});

test("blocks of Markdown", async t => {
    for (const [text, expected] of BlockCases) {
        await t.test(JSON.stringify(text), () => assert.equal(blocks(parseMarkdown(text)), expected));
    }
});

test("a text that grows has the same blocks as the whole text", () => {
    const whole = BlockCases.map(([text]) => text).join("\n\n");
    const stream = new MarkdownStream();
    let shown = [];
    for (let end = 1; end <= whole.length; end++) {
        const { keep, blocks: added } = stream.update(whole.slice(0, end));
        assert.ok(keep <= shown.length);
        shown = [...shown.slice(0, keep), ...added];
    }
    assert.equal(blocks(shown), blocks(parseMarkdown(whole)));
});

test("a growing text keeps the blocks that are final", () => {
    const stream = new MarkdownStream();
    assert.equal(stream.update("a\n\nb\n\nc\n\nd").keep, 0);
    assert.equal(stream.update("a\n\nb\n\nc\n\nde").keep, 2);
});

test("limits: tables, blocks and texts that are too large are shown as they are", () => {
    const table = rows => "| a |\n|---|\n" + "| b |\n".repeat(rows);
    assert.deepEqual([parseMarkdown(table(MaxRows))[0].type, parseMarkdown(table(MaxRows + 1))[0].type], ["table", "plain"]);
    const wide = "|" + "a|".repeat(31) + "\n|" + "-|".repeat(31);
    assert.equal(parseMarkdown(wide)[0].type, "plain");
    const many = parseMarkdown("*a* ".repeat(MaxNodes))[0];
    assert.deepEqual([many.type, many.text], ["plain", "*a* ".repeat(MaxNodes).trim()]);
    assert.equal(parseMarkdown("- a\n".repeat(MaxNodes))[0].type, "plain");
    const long = "a ".repeat(700000);
    assert.deepEqual(parseMarkdown(long).map(block => block.type), ["paragraph", "plain"]);
    assert.equal(parseMarkdown(long).at(-1).end, long.length);
});

test("nesting is limited", () => {
    const depth = node => 1 + Math.max(0, ...[...(node.children ?? []), ...(node.items ?? []).flat()].map(depth));
    for (const sign of ["> ", "- ", "1. ", "*a ", "[", "**a ", "- > "]) {
        for (const block of parseMarkdown(sign.repeat(2000) + "x" + "*".repeat(2000))) {
            assert.ok(depth(block) < 60, sign);
        }
    }
});

test("200 kB of any sign are parsed in linear time", () => {
    const signs = [..."[]()*_~`|><&\\!#-+$=:\"'", "[](", "*a", "_a ", "**a_", "a*b", "[a](b)", "[a](<", "[a](b \"", "![", "![a](", "](",
        "<http", "<https://a>", "http://", "https://a.b ",
        "`a", "``a`", "```\n", "~~~\n", "- ", "-\n", "- a\n", "1. ", "1.\n", "> ", "\n> -", ">\n", "| a ", "|a|\n|-|\n",
        "a\n", "# ", "\\(", "\\[", "$$\n", "&amp;", "[ ] ", "\t", "a\n\n", "  \n", "(", "\u202e"];
    for (const sign of signs) {
        const text = sign.repeat(200000 / sign.length);
        const begin = performance.now();
        const parsed = parseMarkdown(text);
        const took = performance.now() - begin;
        assert.ok(took < 2000, `${JSON.stringify(sign)}: ${took} ms`);
        assert.ok(parsed.every(block => countNodes(block) <= MaxNodes), sign);
    }
});
