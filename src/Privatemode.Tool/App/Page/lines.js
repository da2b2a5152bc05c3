// What a line of Markdown is by its first characters.

export function isBlank(line) {
    return line === undefined || line.trim() === "";
}

export function indentOf(line) {
    let width = 0;
    for (let i = 0; line[i] === " " || line[i] === "\t"; i++) {
        width += line[i] === "\t" ? 4 : 1;
    }
    return width;
}

/** Removes at most so much white space at the start of a line. */
export function stripIndent(line, width) {
    let at = 0;
    for (let left = width; left > 0 && (line[at] === " " || line[at] === "\t"); at++) {
        left -= line[at] === "\t" ? 4 : 1;
    }
    return line.slice(at);
}

export function fenceOf(line) {
    const indent = line === undefined ? 4 : indentOf(line);
    const text = line?.trim() ?? "";
    const sign = text[0];
    if (indent > 3 || (sign !== "`" && sign !== "~") || !text.startsWith(sign.repeat(3))) {
        return null;
    }
    let length = 3;
    while (text[length] === sign) {
        length++;
    }
    const info = text.slice(length).trim();
    return sign === "`" && info.includes("`") ? null : { sign, length, info, indent };
}

export function headingLevel(line) {
    const text = line.slice(0, 10).trimStart();
    let level = 0;
    while (text[level] === "#") {
        level++;
    }
    return indentOf(line) < 4 && level <= 6 && (text[level] === " " || text[level] === undefined) ? level : 0;
}

export function isRule(line) {
    const sign = line.trimStart()[0];
    if (indentOf(line) > 3 || (sign !== "-" && sign !== "*" && sign !== "_")) {
        return false;
    }
    let count = 0;
    for (const character of line.trim()) {
        if (character !== sign && character !== " ") {
            return false;
        }
        count += character === sign ? 1 : 0;
    }
    return count >= 3;
}

export function isQuote(line) {
    return indentOf(line) < 4 && line.trimStart()[0] === ">";
}

/** The marker of a list item: its sign, its number, and the column at which the content begins. */
export function markerOf(line) {
    const indent = indentOf(line);
    const match = /^([-*+]|\d{1,9}[.)])(?=[ \t]|$)/.exec(line.slice(0, 200).trimStart());
    if (match === null || indent > 3) {
        return null;
    }
    const behind = line.trimStart().slice(match[0].length);
    const space = isBlank(behind) || indentOf(behind) > 4 ? 1 : indentOf(behind);
    const ordered = match[0].length > 1;
    return {
        indent, ordered, sign: match[0].at(-1), number: ordered ? Number.parseInt(match[0], 10) : null,
        content: indent + match[0].length + space, text: stripIndent(behind, space),
    };
}

/** Whether a line ends a paragraph. Of ordered lists, only one that begins with 1 does. */
export function startsBlock(line) {
    const marker = markerOf(line);
    return fenceOf(line) !== null || headingLevel(line) > 0 || isRule(line) || isQuote(line)
        || (marker !== null && marker.text.trim() !== "" && (!marker.ordered || marker.number === 1));
}

/** Whether a line continues a paragraph in a quote or an item without being marked as a part of it. */
export function isLazy(line, before) {
    return !isBlank(line) && markerOf(line) === null && !startsBlock(line) && fenceOf(before) === null;
}

export function isDelimiterRow(line) {
    return line.includes("-") && /^[\s|:-]+$/.test(line) && splitCells(line).every(cell => /^:?-+:?$/.test(cell));
}

/** Splits a row of a table at its bars, but not at \| and not in code. */
export function splitCells(line) {
    const row = line.trim();
    const cells = [""];
    let code = false;
    for (let i = row[0] === "|" ? 1 : 0; i < row.length; i++) {
        if (row[i] === "\\" && row[i + 1] === "|") {
            cells[cells.length - 1] += "|";
            i++;
        } else if (row[i] === "|" && !code) {
            if (i < row.length - 1) {
                cells.push("");
            }
        } else {
            code = row[i] === "`" ? !code : code;
            cells[cells.length - 1] += row[i];
        }
    }
    return cells.map(cell => cell.trim());
}
