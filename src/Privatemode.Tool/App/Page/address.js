// Addresses of links. They come from a model and may be made to deceive.

/** The longest address that is looked at. */
export const MaxAddress = 2048;

const Hiding = /[\s\\\0-\x20\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/;

/**
 * Returns the address of a link in the form in which a browser uses it, or null if it must not become a link: other schemes than http, https and mailto,
 * addresses with a user name, and addresses with characters that hide what they are.
 */
export function safeAddress(text) {
    if (text.length > MaxAddress || !/^(https?:\/\/|mailto:)/i.test(text) || Hiding.test(text)) {
        return null;
    }
    try {
        const url = new URL(text);
        const allowed = url.protocol === "http:" || url.protocol === "https:" || url.protocol === "mailto:";
        return allowed && url.username === "" && url.password === "" ? url.href : null;
    } catch {
        return null;
    }
}

/** Removes the punctuation behind an address in a sentence, and a closing bracket that the address does not open. */
export function trimAddress(address) {
    let end = address.length;
    let closing = (address.match(/\)/g)?.length ?? 0) - (address.match(/\(/g)?.length ?? 0);
    while (end > 0 && (".,;:!?'*_~]".includes(address[end - 1]) || (address[end - 1] === ")" && closing > 0))) {
        closing -= address[end - 1] === ")" ? 1 : 0;
        end--;
    }
    return address.slice(0, end);
}
