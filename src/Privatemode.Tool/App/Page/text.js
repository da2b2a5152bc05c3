// Words, sizes and times for people, and characters made visible that could mislead them.

/** Counts the words of a text: the runs of characters that are not white space. */
export function countWords(text) {
    let words = 0;
    let inside = false;
    for (let i = 0; i < text.length; i++) {
        const space = isWhiteSpace(text.charCodeAt(i));
        if (!space && !inside) {
            words++;
        }
        inside = !space;
    }
    return words;
}

/** Determines whether a UTF-16 code unit is white space. */
export function isWhiteSpace(code) {
    return code === 32 || (code >= 9 && code <= 13) || code === 0xa0 || code === 0x3000 || code === 0xfeff || (code >= 0x2000 && code <= 0x200a)
        || code === 0x2028 || code === 0x2029 || code === 0x1680 || code === 0x202f || code === 0x205f;
}

/**
 * Replaces characters that change how other characters are shown or that cannot be seen: control characters (terminal escapes among them), the controls of
 * text direction, and the tag characters in which a text can be hidden. Line feeds and tabs stay.
 */
export function showHidden(text) {
    return text.replace(/[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u202a-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]/gu, character => {
        const code = character.codePointAt(0);
        return code === 0x0d ? "" : `⟦U+${code.toString(16).toUpperCase().padStart(4, "0")}⟧`;
    });
}

/** Says how long ago something was, in the largest unit that fits. */
export function timeAgo(seconds) {
    if (seconds < 60) {
        return "just now";
    }
    const units = [["day", 86400], ["hour", 3600], ["minute", 60]];
    const [name, size] = units.find(([, length]) => seconds >= length);
    return quantity(Math.floor(seconds / size), name) + " ago";
}

/** Writes a number with its noun: "1 minute", "1,200 words". */
export function quantity(count, noun) {
    return `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
}

/** Writes a number of bytes in a unit that people read. */
export function fileSize(bytes) {
    if (bytes < 1024) {
        return quantity(bytes, "byte");
    }
    return bytes < 1024 * 1024 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

/** Shortens a text to one line for a list of conversations. */
export function titleOf(text) {
    const line = showHidden(text.trim().slice(0, 400)).replace(/\s+/g, " ");
    return line.length <= 60 ? line : line.slice(0, 59).trimEnd() + "…";
}

/** Pretty-prints JSON; a text that is not JSON is returned unchanged. */
export function prettyJson(text) {
    try {
        return JSON.stringify(JSON.parse(text), null, 2);
    } catch {
        return text;
    }
}
