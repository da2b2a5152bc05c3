// Makes elements of parsed Markdown. The names of elements and attributes are all in this file; nothing of the text can add one.

import { copyButton, element } from "./dom.js";
import { MarkdownStream } from "./markdown.js";
import { quantity, showHidden } from "./text.js";

const Inline = { strong: "strong", em: "em", del: "del" };

/** Shows a Markdown text that grows, in a container of its own. */
export class MarkdownView {
    constructor(container) {
        this.container = container;
        this.stream = new MarkdownStream();
        this.last = null;
    }

    /** Shows the whole text so far. Blocks that are final keep their elements. */
    update(text) {
        const { keep, blocks } = this.stream.update(text);
        const nodes = this.container.children;
        const reused = this.growCode(keep, blocks);
        while (nodes.length > keep + reused) {
            this.container.lastChild.remove();
        }
        this.container.append(...blocks.slice(reused).map(renderBlock));
        this.last = blocks;
        this.keep = keep;
    }

    /** While code is written, its text grows in place: a selection and the place of the scroll bar stay. Returns how many blocks need no new element. */
    growCode(keep, blocks) {
        if (this.last === null || keep !== this.keep || blocks.length !== this.last.length) {
            return 0;
        }
        const before = this.last.at(-1);
        const after = blocks.at(-1);
        if (before?.type !== "code" || after.type !== "code" || before.language !== after.language || !after.text.startsWith(before.text)) {
            return 0;
        }
        const code = this.container.lastElementChild?.querySelector("code");
        if (code?.firstChild) {
            code.firstChild.appendData(showHidden(after.text.slice(before.text.length)));
            return blocks.length;
        }
        return 0;
    }
}

/** Makes the element of a block. */
export function renderBlock(block) {
    switch (block.type) {
        case "heading": return element(`h${Math.min(6, block.level + 2)}`, { dir: "auto" }, ...block.children.map(renderInline));
        case "paragraph": return element("p", { dir: "auto" }, ...block.children.map(renderInline));
        case "rule": return element("hr");
        case "quote": return element("blockquote", {}, ...block.children.map(renderBlock));
        case "list": return renderList(block);
        case "table": return renderTable(block);
        case "code": return renderCode(block);
        case "formula": return element("pre", { class: "formula", tabindex: "0", "aria-label": "Formula", role: "group", text: showHidden(block.text) });
        default: return renderPlain(block);
    }
}

function renderList(list) {
    const items = list.items.map(blocks => {
        const tight = list.tight && blocks[0]?.type === "paragraph";
        const first = tight ? withTaskSign(blocks[0].children).map(renderInline) : [];
        const task = tight && first.length > 0 && "☐☑".includes(first[0].textContent[0]);
        return element("li", { dir: "auto", class: task ? "task" : null }, ...first, ...(tight ? blocks.slice(1) : blocks).map(renderBlock));
    });
    return element(list.ordered ? "ol" : "ul", { start: list.ordered && list.first !== 1 ? String(list.first) : null }, ...items);
}

/** The items of a task list begin with [ ] or [x]. */
function withTaskSign(children) {
    const first = children[0];
    const match = first?.type === "text" ? /^\[([ xX])\] /.exec(first.text) : null;
    return match === null ? children : [{ type: "text", text: (match[1] === " " ? "☐ " : "☑ ") + first.text.slice(4) }, ...children.slice(1)];
}

function renderTable(table) {
    const cell = (name, children, column) => element(name, {
        scope: name === "th" ? "col" : null, class: table.aligns[column] === null ? null : `to-${table.aligns[column]}`, dir: "auto",
    }, ...children.map(renderInline));
    const head = element("tr", {}, ...table.header.map((children, i) => cell("th", children, i)));
    const rows = table.rows.map(row => element("tr", {}, ...row.map((children, i) => cell("td", children, i))));
    return element("div", { class: "wide", tabindex: "0", role: "group", "aria-label": "Table" },
        element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)));
}

function renderCode(block) {
    const code = element("code", { text: showHidden(block.text) });
    const pre = element("pre", { tabindex: "0", role: "group", "aria-label": block.language ? `Code, ${block.language}` : "Code" }, code);
    const copy = copyButton("Copy code", () => code.textContent, code);
    const head = element("div", { class: "code-head" }, element("span", { text: showHidden(block.language) || "code" }), copy);
    return element("div", { class: "code" }, head, pre);
}

/** Text that is too large for Markdown: as it was written. */
function renderPlain(block) {
    const note = `Too large to format (${quantity(block.text.length, "character")}); shown as plain text.`;
    return element("div", { class: "code" }, element("div", { class: "code-head" }, element("span", { text: note })),
        element("pre", { tabindex: "0", role: "group", "aria-label": "Text", text: showHidden(block.text) }));
}

/** Makes the node of an inline part. */
export function renderInline(node) {
    switch (node.type) {
        case "text": return document.createTextNode(showHidden(node.text));
        case "break": return element("br");
        case "code": return element("code", { text: showHidden(node.text) });
        case "math": return element("code", { class: "formula", text: showHidden(node.text) });
        case "link": return element("a", {
            href: node.href, title: node.title === null ? null : showHidden(node.title), target: "_blank", rel: "noopener noreferrer nofollow",
        }, ...node.children.map(renderInline));
        // A picture would tell its server that this answer is read. It is never loaded.
        case "image": return element("span", { class: "picture", text: showHidden(`image: ${node.alt || "without a description"} (${node.address})`) });
        default: return element(Inline[node.type], {}, ...node.children.map(renderInline));
    }
}
