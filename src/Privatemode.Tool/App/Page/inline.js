// Inline Markdown: emphasis, code, links, images, line breaks. A text goes in, a list of nodes comes out. The scanner goes forward by index and never
// looks at a character more often than a fixed number of times, because the texts are written by a model that may have been told to write anything.

import { MaxAddress, safeAddress, trimAddress } from "./address.js";
import { isWhiteSpace } from "./text.js";

const MaxOpen = 12;
const MaxRun = 6;
const Specials = "\\`*_~[]!<&\n";
const Entities = { amp: "&", lt: "<", gt: ">", quot: "\"", apos: "'", nbsp: "\u00a0", "#39": "'", "#34": "\"" };

/** Parses the inline content of a block. */
export function parseInline(text) {
    return new InlineParser(text).parse();
}

/** Returns the text of nodes without their form. */
export function plainText(nodes) {
    return nodes.map(node => node.type === "break" ? "\n" : node.text ?? node.alt ?? plainText(node.children)).join("");
}

class InlineParser {
    constructor(text) {
        this.text = text;
        this.at = 0;
        this.frames = [{ kind: "root", children: [] }];
        this.runs = null;
        this.absent = new Set();
    }

    parse() {
        while (this.at < this.text.length) {
            this.step();
        }
        this.flatten(0);
        return this.frames[0].children;
    }

    step() {
        const { text, at } = this;
        let end = at;
        while (end < text.length && !Specials.includes(text[end]) && !this.isBareAddress(end)) {
            end++;
        }
        if (end > at) {
            this.addText(text.slice(at, end));
            this.at = end;
            return;
        }
        switch (text[at]) {
            case "\\": return this.readBackslash();
            case "`": return this.readCode();
            case "*": case "_": case "~": return this.readDelimiters(text[at]);
            case "[": return this.openBracket(1);
            case "!": return text[at + 1] === "[" ? this.openBracket(2) : this.take(1);
            case "]": return this.closeBracket();
            case "<": return this.readAngle();
            case "&": return this.readEntity();
            case "\n": return this.readLineEnd();
            default: return this.readBareAddress();
        }
    }

    /** Adds so many characters as text and goes on behind them. */
    take(length) {
        this.addText(this.text.slice(this.at, this.at + length));
        this.at += length;
    }

    addText(text, frame = this.frames.at(-1)) {
        const last = frame.children.at(-1);
        if (last?.type === "text") {
            last.text += text;
        } else if (text !== "") {
            frame.children.push({ type: "text", text });
        }
    }

    addNode(node) {
        this.frames.at(-1).children.push(node);
    }

    /** Closes the frames above an index that found no partner: their signs become text. */
    flatten(index) {
        const target = this.frames[index];
        for (let i = index + 1; i < this.frames.length; i++) {
            this.addAll(target, this.frames[i].sign, this.frames[i].children);
        }
        this.frames.length = index + 1;
    }

    addAll(target, sign, children) {
        this.addText(sign, target);
        for (const child of children) {
            if (child.type === "text") {
                this.addText(child.text, target);
            } else {
                target.children.push(child);
            }
        }
    }

    /** Finds a text behind the current position; a search that failed is not repeated. */
    find(wanted, from) {
        if (this.absent.has(wanted)) {
            return -1;
        }
        const found = this.text.indexOf(wanted, from);
        if (found < 0) {
            this.absent.add(wanted);
        }
        return found;
    }

    readBackslash() {
        const next = this.text[this.at + 1];
        if (next === "\n") {
            this.addNode({ type: "break" });
            this.at += 2;
        } else if (next === "(" || next === "[") {
            this.readMath(next === "(" ? "\\)" : "\\]");
        } else if (next !== undefined && isPunctuation(next) && next < "\x7f") {
            this.addText(next);
            this.at += 2;
        } else {
            this.take(1);
        }
    }

    /** Formulas are shown as they are written. */
    readMath(closing) {
        const end = this.find(closing, this.at + 2);
        if (end < 0) {
            this.take(2);
        } else {
            this.addNode({ type: "math", text: this.text.slice(this.at + 2, end).trim() });
            this.at = end + 2;
        }
    }

    readCode() {
        const { text, at } = this;
        let start = at;
        while (text[start] === "`") {
            start++;
        }
        const end = this.nextRun(start - at, start);
        if (end < 0) {
            this.take(start - at);
            return;
        }
        let code = text.slice(start, end).replaceAll("\n", " ");
        if (code.length > 2 && code.startsWith(" ") && code.endsWith(" ") && code.trim() !== "") {
            code = code.slice(1, -1);
        }
        this.addNode({ type: "code", text: code });
        this.at = end + start - at;
    }

    /** Finds the next run of exactly so many backticks. All runs are listed once. */
    nextRun(length, from) {
        if (this.runs === null) {
            this.runs = new Map();
            for (let i = 0; i < this.text.length; i++) {
                if (this.text[i] === "`") {
                    let end = i;
                    while (this.text[end] === "`") {
                        end++;
                    }
                    const known = this.runs.get(end - i) ?? { starts: [], next: 0 };
                    known.starts.push(i);
                    this.runs.set(end - i, known);
                    i = end;
                }
            }
        }
        const run = this.runs.get(length);
        while (run && run.next < run.starts.length && run.starts[run.next] < from) {
            run.next++;
        }
        return run?.starts[run.next] ?? -1;
    }

    readDelimiters(sign) {
        const { text, at } = this;
        let end = at;
        while (text[end] === sign) {
            end++;
        }
        const count = end - at;
        if (count > MaxRun || (sign === "~" && count !== 2)) {
            this.take(count);
            return;
        }
        const before = text[at - 1] ?? " ";
        const after = text[end] ?? " ";
        const left = !isSpace(after) && (!isPunctuation(after) || isSpace(before) || isPunctuation(before));
        const right = !isSpace(before) && (!isPunctuation(before) || isSpace(after) || isPunctuation(after));
        const opens = sign === "_" ? left && (!right || isPunctuation(before)) : left;
        const closes = sign === "_" ? right && (!left || isPunctuation(after)) : right;
        this.at = end;
        const rest = closes ? this.closeDelimiters(sign, count, opens) : count;
        if (rest > 0 && opens && this.frames.length < MaxOpen) {
            this.frames.push({ kind: sign, sign: sign.repeat(rest), size: count, both: closes, children: [] });
        } else {
            this.addText(sign.repeat(rest));
        }
    }

    /** Makes emphasis of everything since the opening signs. Returns how many of the closing signs are left. */
    closeDelimiters(sign, size, opens) {
        let count = size;
        while (count > 0) {
            const index = this.findOpening(sign, size, opens);
            if (index < 0) {
                break;
            }
            this.flatten(index);
            const frame = this.frames[index];
            const used = Math.min(2, count, frame.sign.length);
            const node = { type: sign === "~" ? "del" : used === 2 ? "strong" : "em", children: frame.children };
            count -= used;
            frame.sign = frame.sign.slice(used);
            if (frame.sign === "") {
                this.frames.pop();
                this.addNode(node);
            } else {
                frame.children = [node];
            }
        }
        return count;
    }

    /** The "multiple of 3" rule of CommonMark keeps the parts of **a*b** together. */
    findOpening(sign, size, opens) {
        for (let i = this.frames.length - 1; i > 0 && this.frames[i].kind !== "["; i--) {
            const frame = this.frames[i];
            const odd = (opens || frame.both) && (frame.size + size) % 3 === 0 && size % 3 !== 0;
            if (frame.kind === sign && !odd) {
                return i;
            }
        }
        return -1;
    }

    openBracket(length) {
        if (this.frames.length >= MaxOpen) {
            this.take(length);
        } else {
            this.frames.push({ kind: "[", sign: length === 2 ? "![" : "[", dead: false, children: [] });
            this.at += length;
        }
    }

    closeBracket() {
        const index = this.frames.findLastIndex(frame => frame.kind === "[");
        if (index < 0) {
            this.take(1);
            return;
        }
        this.flatten(index);
        const frame = this.frames.pop();
        const target = frame.dead ? null : this.readTarget(this.at + 1);
        const href = target === null ? null : safeAddress(target.address);
        if (target !== null && frame.sign === "![") {
            this.addNode({ type: "image", alt: plainText(frame.children), address: target.address });
            this.at = target.end;
        } else if (href !== null) {
            this.addNode({ type: "link", href, title: target.title, children: frame.children });
            this.frames.forEach(other => other.dead = other.kind === "[" && other.sign === "[");
            this.at = target.end;
        } else {
            this.addAll(this.frames.at(-1), frame.sign, frame.children);
            this.take(target === null ? 1 : target.end - this.at);
        }
    }

    /** Reads the address and title of a link: (address "title"). */
    readTarget(at) {
        const { text } = this;
        if (text[at] !== "(") {
            return null;
        }
        let start = skipSpaces(text, at + 1);
        let end = start;
        if (text[start] === "<") {
            end = ++start;
            while (end - start < MaxAddress && end < text.length && text[end] !== ">" && text[end] !== "<" && text[end] !== "\n") {
                end++;
            }
            return text[end] === ">" ? this.readTitle(text.slice(start, end), end + 1) : null;
        }
        for (let depth = 0; end < text.length && end - start < MaxAddress && !isSpace(text[end]); end++) {
            depth += text[end] === "(" ? 1 : text[end] === ")" ? -1 : 0;
            if (depth < 0 || depth > 16) {
                break;
            }
        }
        return this.readTitle(text.slice(start, end), end);
    }

    readTitle(address, behind) {
        const { text } = this;
        let at = skipSpaces(text, behind);
        let title = null;
        if (text[at] === "\"" || text[at] === "'") {
            const start = at + 1;
            for (at = start; at < text.length && at - start < 512 && text[at] !== text[start - 1]; at++) {
            }
            title = text.slice(start, at);
            at = skipSpaces(text, at + 1);
        }
        return text[at] === ")" ? { address, title, end: at + 1 } : null;
    }

    /** Reads <address> and <br>. All other HTML is text. */
    readAngle() {
        const { text, at } = this;
        const head = text.slice(at, at + 6).toLowerCase();
        for (const sign of ["<br>", "<br/>", "<br />"]) {
            if (head.startsWith(sign)) {
                this.addNode({ type: "break" });
                this.at += sign.length;
                return;
            }
        }
        const end = head.startsWith("<http") || head.startsWith("<mailt") ? this.find(">", at) : -1;
        const href = end < 0 ? null : safeAddress(text.slice(at + 1, end));
        if (href === null) {
            this.take(1);
        } else {
            this.addNode({ type: "link", href, title: null, children: [{ type: "text", text: text.slice(at + 1, end) }] });
            this.at = end + 1;
        }
    }

    readEntity() {
        const end = this.text.slice(this.at, this.at + 8).indexOf(";");
        const name = this.text.slice(this.at + 1, this.at + end);
        if (end > 0 && Object.hasOwn(Entities, name)) {
            this.addText(Entities[name]);
            this.at += end + 1;
        } else {
            this.take(1);
        }
    }

    readLineEnd() {
        const last = this.frames.at(-1).children.at(-1);
        if (last?.type === "text" && this.text.slice(this.at - 2, this.at) === "  ") {
            last.text = last.text.trimEnd();
            this.addNode({ type: "break" });
            this.at++;
        } else {
            this.take(1);
        }
    }

    isBareAddress(at) {
        const { text } = this;
        return text[at] === "h" && (text.startsWith("http://", at) || text.startsWith("https://", at)) && (at === 0 || !/[\p{L}\p{N}]/u.test(text[at - 1]));
    }

    readBareAddress() {
        const { text, at } = this;
        if (this.frames.some(frame => frame.kind === "[")) {
            this.take(4);
            return;
        }
        let end = at;
        while (end < text.length && !isSpace(text[end]) && !"<>\"`".includes(text[end])) {
            end++;
        }
        const whole = trimAddress(text.slice(at, end));
        const href = safeAddress(whole);
        if (href === null) {
            this.take(Math.max(1, whole.length));
        } else {
            this.addNode({ type: "link", href, title: null, children: [{ type: "text", text: whole }] });
            this.at = at + whole.length;
        }
    }
}

function skipSpaces(text, at) {
    while (at < text.length && isSpace(text[at])) {
        at++;
    }
    return at;
}

function isSpace(character) {
    return isWhiteSpace(character.charCodeAt(0));
}

function isPunctuation(character) {
    return /[\p{P}\p{S}]/u.test(character);
}
