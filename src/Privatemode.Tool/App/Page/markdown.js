// Markdown blocks: paragraphs, headings, lists, quotes, tables, code. A text goes in, a tree of plain objects comes out; render.js makes elements of it.
// HTML is not a part of this Markdown: it stays text. All limits are here, so that no text can make the page slow.

import { parseInline } from "./inline.js";
import { fenceOf, headingLevel, indentOf, isBlank, isDelimiterRow, isLazy, isQuote, isRule, markerOf, splitCells, startsBlock, stripIndent } from "./lines.js";

export const MaxText = 1024 * 1024;
export const MaxDepth = 12;
export const MaxRows = 200;
export const MaxColumns = 30;
export const MaxNodes = 5000;

/** Parses a text from an offset on. Each block has the offsets of its source: start and end. */
export function parseMarkdown(text, from = 0) {
    const source = text.slice(from, MaxText);
    const lines = source.split("\n");
    const offsets = [];
    let offset = from;
    for (const line of lines) {
        offsets.push(offset);
        offset += line.length + 1;
    }
    offsets.push(Math.min(offset, text.length));
    const blocks = new BlockParser(lines).parse();
    for (const block of blocks) {
        block.start = offsets[block.line];
        block.end = offsets[block.lineAfter];
    }
    if (text.length > MaxText) {
        blocks.push({ type: "plain", text: text.slice(Math.max(from, MaxText)), start: Math.max(from, MaxText), end: text.length });
    }
    return blocks.map(block => !block.tooLarge && countNodes(block) <= MaxNodes ? block
        : { type: "plain", text: text.slice(block.start, block.end).trimEnd(), start: block.start, end: block.end });
}

/**
 * Parses a growing text. Only the last two blocks are parsed again: a text that is added can change the last one, and can join it with the one before it
 * (two parts of a list).
 */
export class MarkdownStream {
    constructor() {
        this.starts = [];
    }

    /** Returns how many of the blocks that were returned before stay, and the blocks behind them. */
    update(text) {
        const keep = Math.max(0, this.starts.length - 2);
        const blocks = parseMarkdown(text, keep === 0 ? 0 : this.starts[keep]);
        this.starts.length = keep;
        this.starts.push(...blocks.map(block => block.start));
        return { keep, blocks };
    }
}

/** Counts the elements and texts that a block or inline node becomes. */
export function countNodes(node) {
    let count = 1;
    for (const children of [node.children, node.items, node.rows, node.header && [node.header]]) {
        for (const child of children ?? []) {
            count += Array.isArray(child) ? child.reduce((sum, part) => sum + (Array.isArray(part) ? part.length : countNodes(part)), 1) : countNodes(child);
        }
    }
    return count;
}

class BlockParser {
    /** All parsers of a block share the number of blocks that may still be made in it. */
    constructor(lines, depth = 0, budget = { left: 0 }) {
        this.lines = lines;
        this.depth = depth;
        this.budget = budget;
        this.at = 0;
    }

    parse() {
        const blocks = [];
        while (this.at < this.lines.length) {
            if (isBlank(this.lines[this.at])) {
                this.at++;
                continue;
            }
            if (this.depth === 0) {
                this.budget.left = MaxNodes;
            } else if (--this.budget.left < 0) {
                break;
            }
            const line = this.at;
            const block = this.read();
            blocks.push({ ...block, line, lineAfter: this.at, tooLarge: this.budget.left < 0 });
        }
        return blocks;
    }

    read() {
        const line = this.lines[this.at];
        return this.readFence(line) ?? this.readFormula(line) ?? this.readHeading(line) ?? this.readRule(line) ?? this.readQuote(line)
            ?? this.readList(line) ?? this.readIndentedCode(line) ?? this.readTable() ?? this.readParagraph();
    }

    readFence(line) {
        const fence = fenceOf(line);
        if (fence === null) {
            return null;
        }
        const content = [];
        let closed = false;
        for (this.at++; this.at < this.lines.length && !closed; this.at++) {
            const other = fenceOf(this.lines[this.at]);
            closed = other !== null && other.sign === fence.sign && other.length >= fence.length && other.info === "";
            if (!closed) {
                content.push(stripIndent(this.lines[this.at], fence.indent));
            }
        }
        return { type: "code", language: fence.info.split(/\s/)[0].slice(0, 30), text: content.join("\n"), closed };
    }

    /** A formula in \[ … \] or $$ … $$. It is shown as it is written. */
    readFormula(line) {
        const text = line.trim();
        const closing = text.startsWith("\\[") ? "\\]" : text.startsWith("$$") ? "$$" : null;
        if (closing === null) {
            return null;
        }
        for (let end = this.at; end < this.lines.length && end < this.at + 100 && !isBlank(this.lines[end]); end++) {
            const last = this.lines[end].trim();
            if (last.endsWith(closing) && (end > this.at || last.length > 4)) {
                const formula = this.lines.slice(this.at, end + 1).join("\n").trim().slice(2, -2).trim();
                this.at = end + 1;
                return { type: "formula", text: formula };
            }
        }
        return null;
    }

    readHeading(line) {
        const level = headingLevel(line);
        if (level === 0) {
            return null;
        }
        this.at++;
        let text = line.trim().slice(level).trim();
        let end = text.length;
        while (text[end - 1] === "#") {
            end--;
        }
        if (end === 0 || text[end - 1] === " ") {
            text = text.slice(0, end).trimEnd();
        }
        return { type: "heading", level, children: parseInline(text) };
    }

    readRule(line) {
        if (!isRule(line)) {
            return null;
        }
        this.at++;
        return { type: "rule" };
    }

    readQuote(line) {
        if (!isQuote(line) || this.depth >= MaxDepth) {
            return null;
        }
        const inner = [];
        for (; this.at < this.lines.length; this.at++) {
            const next = this.lines[this.at];
            if (isQuote(next)) {
                inner.push(next.trimStart().slice(1).replace(/^ /, ""));
            } else if (isLazy(next, inner.at(-1)) && !isBlank(inner.at(-1))) {
                inner.push(next);
            } else {
                break;
            }
        }
        return { type: "quote", children: new BlockParser(inner, this.depth + 1, this.budget).parse() };
    }

    readList(line) {
        const first = markerOf(line);
        if (first === null || this.depth >= MaxDepth) {
            return null;
        }
        const list = { type: "list", ordered: first.ordered, first: first.number, tight: true, items: [] };
        let blank = false;
        for (let marker = first; marker !== null; marker = this.nextMarker(first)) {
            const item = this.readItem(marker);
            list.tight &&= !blank && !item.loose;
            blank = this.at > 0 && isBlank(this.lines[this.at - 1]);
            list.items.push(item.blocks);
        }
        return list;
    }

    /** The marker of the current line if it continues the list: of the same kind and not further in. */
    nextMarker(first) {
        const marker = this.at < this.lines.length && !isRule(this.lines[this.at]) ? markerOf(this.lines[this.at]) : null;
        return marker !== null && marker.sign === first.sign && marker.indent < first.indent + 2 ? marker : null;
    }

    readItem(marker) {
        const inner = [marker.text];
        let blanks = 0;
        let loose = false;
        for (this.at++; this.at < this.lines.length; this.at++) {
            const line = this.lines[this.at];
            const indent = indentOf(line);
            if (isBlank(line)) {
                blanks++;
                continue;
            }
            const inside = indent >= Math.min(marker.content, marker.indent + 2);
            if (!inside && (blanks > 0 || !isLazy(line, inner.at(-1)))) {
                break;
            }
            for (; blanks > 0; blanks--) {
                inner.push("");
                loose = true;
            }
            inner.push(stripIndent(line, marker.content));
        }
        // Blank lines behind the last item do not belong to the list.
        if (blanks > 0 && (this.at === this.lines.length || markerOf(this.lines[this.at]) === null)) {
            this.at -= blanks;
        }
        const blocks = new BlockParser(inner, this.depth + 1, this.budget).parse();
        return { blocks, loose: loose && blocks.length > 1 && blocks.some((block, i) => i > 0 && block.type === "paragraph") };
    }

    readIndentedCode(line) {
        if (indentOf(line) < 4) {
            return null;
        }
        const content = [];
        for (; this.at < this.lines.length && (indentOf(this.lines[this.at]) >= 4 || isBlank(this.lines[this.at])); this.at++) {
            content.push(stripIndent(this.lines[this.at], 4));
        }
        return { type: "code", language: "", text: content.join("\n").trimEnd(), closed: true };
    }

    readTable() {
        const aligns = this.tableStart(this.at);
        if (aligns === null) {
            return null;
        }
        const header = splitCells(this.lines[this.at]);
        const rows = [];
        const start = this.at;
        for (this.at += 2; this.at < this.lines.length && !isBlank(this.lines[this.at]); this.at++) {
            const line = this.lines[this.at];
            if (startsBlock(line) && !line.includes("|")) {
                break;
            }
            rows.push(line);
        }
        if (rows.length > MaxRows || aligns.length > MaxColumns) {
            return { type: "plain", text: this.lines.slice(start, this.at).join("\n") };
        }
        const cells = rows.map(row => splitCells(row).slice(0, aligns.length)).map(row => [...row, ...Array(aligns.length - row.length).fill("")]);
        return { type: "table", aligns, header: header.map(parseInline), rows: cells.map(row => row.map(parseInline)) };
    }

    /** The alignments of the columns if a table begins at a line; otherwise null. */
    tableStart(at) {
        if (at + 1 >= this.lines.length || !this.lines[at].includes("|") || !isDelimiterRow(this.lines[at + 1])) {
            return null;
        }
        const delimiters = splitCells(this.lines[at + 1]);
        return delimiters.length !== splitCells(this.lines[at]).length ? null : delimiters.map(cell => {
            const end = cell.endsWith(":");
            return cell.startsWith(":") ? end ? "center" : "left" : end ? "right" : null;
        });
    }

    readParagraph() {
        const content = [this.lines[this.at].trimStart()];
        for (this.at++; this.at < this.lines.length; this.at++) {
            const line = this.lines[this.at];
            if (/^ {0,3}(=+|--+) *$/.test(line)) {
                this.at++;
                return { type: "heading", level: line.includes("=") ? 1 : 2, children: parseInline(content.join("\n").trim()) };
            }
            if (isBlank(line) || startsBlock(line) || this.tableStart(this.at) !== null) {
                break;
            }
            content.push(line.trimStart());
        }
        return { type: "paragraph", children: parseInline(content.join("\n").trimEnd()) };
    }
}
