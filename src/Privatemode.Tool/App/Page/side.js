// The list of conversations, and those that are kept in the browser.

import { clearSession } from "./api.js";
import { newConversation } from "./chat.js";
import { updateComposer } from "./composer.js";
import { confirmDialog } from "./dialogs.js";
import { announce, button, byId, element, saveFile } from "./dom.js";
import { notice, page } from "./state.js";
import { preferences } from "./storage.js";
import { toMarkdown } from "./wire.js";

export function initSide() {
    byId("new").addEventListener("click", openNew);
    byId("delete-all").addEventListener("click", deleteAll);
    byId("export-all").addEventListener("click", () => {
        const all = { format: "privatemode-conversations-1", conversations: written() };
        saveFile("privatemode-conversations.json", "application/json", JSON.stringify(all, null, 2) + "\n");
    });
    byId("keep").checked = preferences.get("keep") === "yes";
    byId("keep").addEventListener("change", keepChanged);
    showKeepNote();
}

/** The conversations that have messages. */
function written() {
    return page.conversations.filter(conversation => conversation.messages.length > 0);
}

export function showConversations() {
    const items = written().sort((a, b) => b.changedAt - a.changedAt).map(conversation => {
        const current = conversation === page.current;
        const name = button(conversation.title, () => open(conversation), { class: "name", "aria-current": current ? "true" : null });
        const running = page.answers.has(conversation.id) ? " …" : "";
        name.append(running);
        return element("li", { class: current ? "current" : null }, name,
            button("↓", () => saveFile("conversation.md", "text/markdown", toMarkdown(conversation)),
                { class: "small", "aria-label": `Export ${conversation.title} as Markdown`, title: "Export as Markdown" }),
            button("✕", () => remove(conversation), { class: "small", "aria-label": `Delete ${conversation.title}`, title: "Delete" }));
    });
    byId("conversations").replaceChildren(...items);
}

function open(conversation) {
    page.current = conversation;
    page.editing = null;
    page.view.show(conversation);
    showConversations();
    updateComposer();
    openSide(false);
    byId("composer-text").focus();
}

export function openNew() {
    page.conversations = written();
    const conversation = newConversation();
    page.conversations.push(conversation);
    open(conversation);
}

async function remove(conversation) {
    if (await confirmDialog("Delete this conversation?", `"${conversation.title}" cannot be restored.`, "Delete")) {
        page.answers.get(conversation.id)?.stop();
        page.conversations = page.conversations.filter(other => other !== conversation);
        if (keeps()) {
            await whenStored(page.store.remove(conversation.id));
        }
        conversation === page.current ? openNew() : showConversations();
    }
}

async function deleteAll() {
    if (!await confirmDialog("Delete all conversations?", "They are removed from this tab and from this browser, and cannot be restored.", "Delete all")) {
        return;
    }
    page.answers.forEach(answer => answer.stop());
    page.conversations = [];
    clearSession();
    openNew();
    await whenStored(page.store.destroy());
    announce("All conversations are deleted");
}

export function keeps() {
    return byId("keep").checked;
}

function showKeepNote() {
    byId("keep-note").textContent = keeps() ? "Conversations are kept in this browser, encrypted. The key is in the state directory of this program."
        : "Conversations are only in the memory of this tab. They are gone when you close it.";
}

async function keepChanged() {
    const consequence = "The stored conversations are deleted from this browser. This tab shows them until you close it.";
    if (!keeps() && !await confirmDialog("Stop keeping conversations?", consequence, "Delete")) {
        byId("keep").checked = true;
        return;
    }
    preferences.set("keep", keeps() ? "yes" : "no");
    showKeepNote();
    await whenStored(keeps() ? Promise.all(written().map(conversation => page.store.save(conversation))) : page.store.destroy());
}

export async function loadKept() {
    if (keeps()) {
        const kept = await whenStored(page.store.readAll()) ?? [];
        page.conversations.push(...kept.filter(conversation => !page.conversations.some(other => other.id === conversation.id)));
        showConversations();
    }
}

/** Another tab wrote or deleted. A conversation with an answer under way stays as it is here. */
export async function reloadChanged(id) {
    if (id === null) {
        page.conversations = [...page.answers.values()].map(answer => answer.conversation);
    } else if (!page.answers.has(id) && keeps()) {
        const conversation = await whenStored(page.store.read(id));
        page.conversations = page.conversations.filter(other => other.id !== id);
        page.conversations.push(...(conversation ? [conversation] : []));
    }
    const current = page.conversations.find(conversation => conversation.id === page.current.id);
    if (!page.conversations.includes(page.current)) {
        page.current = current ?? newConversation();
        page.conversations.push(...(current ? [] : [page.current]));
        page.view.show(page.current);
    }
    showConversations();
}

export async function whenStored(work) {
    try {
        return await work;
    } catch (error) {
        notice(`The browser's storage failed. ${error.message ?? error.name}`);
        return null;
    }
}

/** Opens or closes the list on a narrow screen, where it lies over the conversation. */
export function openSide(open) {
    byId("side").classList.toggle("open", open);
    byId("menu").setAttribute("aria-expanded", String(open));
    byId("log").inert = byId("composer").inert = open;
}
