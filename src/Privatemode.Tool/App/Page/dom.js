// Elements. All texts become text nodes: nothing on this page is ever parsed as HTML.

/** Returns the element of the page with an ID. */
export function byId(id) {
    return document.getElementById(id);
}

/** Makes an element. Properties whose value is null or false are left out; functions become event listeners. */
export function element(name, properties = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) {
        if (typeof value === "function") {
            made.addEventListener(key, value);
        } else if (key === "text") {
            made.textContent = value;
        } else if (value !== null && value !== false && value !== undefined) {
            made.setAttribute(key, value === true ? "" : value);
        }
    }
    made.append(...children.filter(child => child !== null && child !== undefined));
    return made;
}

/** Makes a button of the plain kind. */
export function button(text, click, properties = {}) {
    return element("button", { type: "button", text, click, ...properties });
}

/** Says something to a screen reader without showing it. */
export function announce(text) {
    byId("announcer").textContent = text;
}

/** Copies a text to the clipboard. Returns false if the browser does not allow it; the text is then selected in its element. */
export async function copyText(text, shown) {
    try {
        await navigator.clipboard.writeText(text);
        return true;
    } catch {
        if (shown) {
            getSelection().selectAllChildren(shown);
        }
        return false;
    }
}

/** A button that copies and says so. */
export function copyButton(label, text, shown) {
    const made = button("Copy", async () => {
        const copied = await copyText(text(), shown);
        made.textContent = copied ? "Copied" : "Press Ctrl+C";
        announce(copied ? "Copied" : "The text is selected. Press Ctrl+C to copy it.");
        setTimeout(() => made.textContent = "Copy", 2000);
    }, { "aria-label": label, class: "small" });
    return made;
}

/** Lets the browser save a text as a file. */
export function saveFile(name, type, text) {
    const address = URL.createObjectURL(new Blob([text], { type }));
    element("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
}
