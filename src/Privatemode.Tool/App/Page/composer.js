// The composer: the text, what is attached to it, and sending.

import { readAttachment } from "./attachments.js";
import { addMessage, Answer } from "./chat.js";
import { announce, button, byId, element } from "./dom.js";
import { keeps, showConversations, whenStored } from "./side.js";
import { notice, page } from "./state.js";
import { fileSize, quantity } from "./text.js";
import { MaxWords, WarnWords, wordsToSend } from "./wire.js";

export function initComposer() {
    const text = byId("composer-text");
    text.addEventListener("input", updateComposer);
    text.addEventListener("keydown", event => {
        if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
            event.preventDefault();
            submit();
        } else if (event.key === "ArrowUp" && text.value === "" && !event.isComposing) {
            const last = page.current.messages.findLast(message => message.role === "user");
            if (last) {
                event.preventDefault();
                edit(last);
            }
        }
    });
    text.addEventListener("paste", event => attachAll(event.clipboardData.files, event));
    byId("composer").addEventListener("submit", event => {
        event.preventDefault();
        submit();
    });
    byId("stop").addEventListener("click", () => page.answers.get(page.current.id)?.stop());
    byId("attach").addEventListener("click", () => byId("files").click());
    byId("files").addEventListener("change", () => {
        attachAll([...byId("files").files]);
        byId("files").value = "";
    });
    document.addEventListener("dragover", event => event.preventDefault());
    document.addEventListener("drop", event => attachAll(event.dataTransfer.files, event));
}

function attachAll(files, event) {
    if (files.length > 0) {
        event?.preventDefault();
        for (const file of files) {
            attach(file);
        }
    } else if (event?.type === "drop") {
        event.preventDefault();
    }
}

async function attach(file) {
    page.reading++;
    updateComposer();
    try {
        const abilities = { vision: canSee(), transcription: page.models.transcription[0]?.id ?? null };
        const attachment = await readAttachment(file, abilities);
        if (attachment.kind === "speech") {
            byId("composer-text").value = [byId("composer-text").value, attachment.text].filter(text => text !== "").join("\n");
            announce("The recording was transcribed. Read the text before you send it.");
        } else {
            page.attachments.push(attachment);
            announce(`${attachment.name} is attached`);
        }
        notice("");
    } catch (error) {
        notice(error.message);
    }
    page.reading--;
    updateComposer();
}

function canSee() {
    return page.models.vision.some(model => model.id === byId("model").value);
}

function showAttachments() {
    const items = page.attachments.map(attachment => {
        const detail = attachment.kind === "document" ? quantity(attachment.words, "word") : fileSize(attachment.size);
        return element("li", {}, element("span", { class: "name", text: attachment.name }), element("span", { class: "detail", text: detail }),
            button("✕", () => {
                page.attachments = page.attachments.filter(other => other !== attachment);
                updateComposer();
                byId("composer-text").focus();
            }, { class: "small", "aria-label": `Remove ${attachment.name}` }));
    });
    byId("attachments").replaceChildren(...items);
}

/** Shows what can be done now, and how many words would be sent. Returns the reason why nothing can be sent, or null. */
export function updateComposer() {
    showAttachments();
    const text = byId("composer-text").value;
    if (!CSS.supports("field-sizing", "content")) {
        byId("composer-text").rows = Math.min(12, text.split("\n").length);
    }
    const words = wordsToSend(page.current, text, page.attachments);
    const tooLong = words > MaxWords;
    byId("words").className = tooLong ? "bad" : words >= WarnWords ? "warn" : "";
    byId("words").textContent = page.reading > 0 ? "Reading…"
        : tooLong ? `${quantity(words, "word")}: more than ${MaxWords.toLocaleString("en-US")} cannot be sent`
            : words >= WarnWords ? `${quantity(words, "word")} of ${MaxWords.toLocaleString("en-US")}`
                : page.editing !== null ? "Editing. Esc cancels." : "";
    const running = page.answers.has(page.current.id);
    const empty = text.trim() === "" && page.attachments.length === 0;
    const images = page.attachments.some(attachment => attachment.kind === "image") && !canSee();
    byId("stop").hidden = !running;
    byId("send").hidden = running;
    byId("send").disabled = running || empty || tooLong || images || page.reading > 0 || !page.badge.canSend || byId("model").value === "";
    byId("send").title = images ? "The chosen model does not accept images." : page.badge.canSend ? "" : "The service is not verified.";
}

function submit() {
    const text = byId("composer-text");
    if (byId("send").disabled || page.answers.has(page.current.id)) {
        return;
    }
    if (page.editing !== null) {
        page.current.messages.length = page.current.messages.indexOf(page.editing);
        page.editing = null;
    }
    addMessage(page.current, text.value.trim(), page.attachments);
    text.value = "";
    page.attachments = [];
    ask();
    text.focus();
}

/** Puts a message back into the composer. Sending it replaces the message and everything behind it. */
export function edit(message) {
    page.editing = message;
    byId("composer-text").value = message.text;
    page.attachments = [...message.attachments];
    updateComposer();
    byId("composer-text").focus();
    announce("Edit your message. Sending it replaces the answers after it.");
}

/** Leaves the message as it was sent. */
export function cancelEdit() {
    page.editing = null;
    page.attachments = [];
    byId("composer-text").value = "";
    updateComposer();
}

export function regenerate() {
    const { messages } = page.current;
    if (!page.answers.has(page.current.id) && messages.at(-1)?.role === "assistant") {
        messages.pop();
        ask();
        byId("composer-text").focus();
    }
}

function ask() {
    notice("");
    const settings = { model: byId("model").value, thinking: page.thinking, tools: page.tools };
    const answer = new Answer(page.current, settings, {
        say: announce,
        changed: conversation => conversation === page.current && page.view.schedule(),
        failed: () => page.badge.refresh(),
        ended: conversation => {
            page.answers.delete(conversation.id);
            if (conversation === page.current) {
                page.view.refresh();
            }
            showConversations();
            updateComposer();
            if (keeps() && page.conversations.includes(conversation)) {
                whenStored(page.store.save(conversation));
            }
            page.badge.refreshIfOld();
        },
    });
    page.answers.set(page.current.id, answer);
    page.view.follow = true;
    answer.run();
    page.view.refresh();
    showConversations();
    updateComposer();
}
