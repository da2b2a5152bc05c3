// The messages of the conversation that is shown.

import { button, byId, copyButton, element } from "./dom.js";
import { MarkdownView } from "./render.js";
import { countWords, fileSize, prettyJson, quantity, showHidden } from "./text.js";
import { TimeTool } from "./wire.js";

/** Shows a conversation. Actions: edit(message), regenerate(), retry(). */
export class ConversationView {
    constructor(actions) {
        this.actions = actions;
        this.list = byId("messages");
        this.log = byId("log");
        this.views = [];
        this.frame = null;
        this.notBefore = 0;
        this.follow = true;
        this.log.addEventListener("scroll", () => this.follow = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 60);
    }

    /** Shows another conversation, or the same one after messages were added or removed. */
    show(conversation) {
        this.conversation = conversation;
        this.views.length = 0;
        this.list.replaceChildren();
        this.refresh();
        this.log.scrollTop = conversation.messages.length === 0 ? 0 : this.log.scrollHeight;
    }

    /** Brings the elements up to date with the messages. */
    refresh() {
        const { messages } = this.conversation;
        byId("empty").hidden = messages.length > 0;
        while (this.views.length > messages.length || this.views.some((view, i) => view.message !== messages[i])) {
            this.views.pop().root.remove();
        }
        for (const message of messages.slice(this.views.length)) {
            const view = message.role === "user" ? new UserView(message, this.actions) : new AssistantView(message, this.actions);
            this.views.push(view);
            this.list.append(view.root);
        }
        this.views.forEach((view, i) => view.update(i === messages.length - 1));
        if (this.follow && messages.length > 0) {
            this.log.scrollTop = this.log.scrollHeight;
        }
    }

    /** Refreshes at the next frame. If the last refresh took long, waits a multiple of that time, so that the page stays usable. */
    schedule() {
        this.frame ??= requestAnimationFrame(() => {
            this.frame = null;
            if (performance.now() < this.notBefore) {
                this.schedule();
                return;
            }
            const begin = performance.now();
            this.refresh();
            const took = performance.now() - begin;
            this.notBefore = took < 8 ? 0 : performance.now() + 5 * took;
        });
    }
}

class UserView {
    constructor(message, actions) {
        this.message = message;
        const copy = copyButton("Copy your message", () => message.text);
        this.root = element("li", { class: "message user" }, element("h2", { class: "hidden", text: "You" }),
            message.attachments.length === 0 ? null
                : element("ul", { class: "attached", "aria-label": "Attachments" }, ...message.attachments.map(attachedItem)),
            message.text === "" ? null : element("div", { class: "bubble", dir: "auto", text: message.text }),
            element("div", { class: "actions" }, button("Edit", () => actions.edit(message), { class: "small", "aria-label": "Edit your message" }), copy));
    }

    update() {
    }
}

function attachedItem(attachment) {
    if (attachment.kind === "image") {
        return element("li", {}, element("img", { src: attachment.url, alt: `Attached image ${attachment.name}` }));
    }
    const summary = element("summary", { text: `${attachment.name} (${quantity(attachment.words, "word")}, ${fileSize(attachment.size)})` });
    const text = attachment.text.length > 20000 ? attachment.text.slice(0, 20000) + "\n…" : attachment.text;
    const content = element("div", { text: showHidden(text), tabindex: "0", role: "group", "aria-label": attachment.name });
    return element("li", {}, element("details", {}, summary, content));
}

class AssistantView {
    constructor(message, actions) {
        this.message = message;
        this.rounds = [];
        this.state = null;
        this.body = element("div");
        this.waiting = element("p", { class: "waiting" }, " ", element("span", { text: "Waiting for the answer…" }));
        this.note = element("div");
        this.copy = copyButton("Copy answer", () => textOf(message), this.body);
        this.regenerate = button("Regenerate", () => actions.regenerate(), { class: "small" });
        this.model = element("span", { class: "model" });
        this.actions = element("div", { class: "actions" }, this.copy, this.regenerate, this.model);
        this.retry = () => actions.retry();
        this.root = element("li", { class: "message assistant" },
            element("h2", { class: "hidden", text: "Assistant" }), this.body, this.waiting, this.note, this.actions);
    }

    update(last) {
        const { message } = this;
        const running = message.state === "running";
        for (const round of message.rounds.slice(this.rounds.length)) {
            const view = new RoundView(round);
            this.rounds.push(view);
            this.body.append(view.root);
        }
        if (running || this.state !== message.state) {
            this.rounds.forEach(view => view.update(running));
        }
        const round = message.rounds.at(-1);
        this.waiting.hidden = !running || round.text !== "" || round.reasoning !== "" || round.calls.length > 0;
        this.actions.hidden = running;
        this.regenerate.hidden = !last || message.state === "error";
        if (this.state !== message.state) {
            this.state = message.state;
            const tokens = message.rounds.reduce((sum, one) => sum + (one.usage?.completion_tokens ?? 0), 0);
            this.model.textContent = tokens > 0 ? `${message.model}, ${quantity(tokens, "token")}` : message.model;
            this.copy.hidden = textOf(message) === "" || message.state === "cut";
            this.note.replaceChildren(...noteOf(message, last ? this.retry : null));
        }
        if (message.retryAt) {
            this.countDown(last);
        }
    }

    /** After "too many requests", the button to try again says how long to wait. Nothing is repeated without the user. */
    countDown(last) {
        const seconds = Math.ceil((this.message.retryAt - Date.now()) / 1000);
        const retry = this.note.querySelector("button");
        if (retry === null || !last || !this.root.isConnected) {
            return;
        }
        retry.disabled = seconds > 0;
        retry.textContent = seconds > 0 ? `Try again in ${quantity(seconds, "second")}` : "Try again";
        if (seconds > 0) {
            clearTimeout(this.timer);
            this.timer = setTimeout(() => this.countDown(last), 500);
        }
    }
}

function textOf(message) {
    return message.rounds.map(round => round.text).filter(text => text !== "").join("\n\n");
}

function noteOf(message, retry) {
    const retryButton = retry === null ? null : button("Try again", retry);
    switch (message.state) {
        case "stopped": return [element("p", { class: "state", text: "Stopped. This answer is not complete." })];
        case "cut": return [alertOf(`Cut: do not use this answer. ${message.note}`, null)];
        case "error": return [alertOf(message.note, retryButton)];
        default: return message.note === null ? [] : [element("p", { class: "state", text: message.note })];
    }
}

function alertOf(text, retry) {
    return element("div", { class: "state bad", role: "alert" }, element("p", { text: showHidden(text) }), retry);
}

class RoundView {
    constructor(round) {
        this.round = round;
        this.reasoning = null;
        this.shown = 0;
        this.text = element("div", { class: "markdown" });
        this.markdown = new MarkdownView(this.text);
        this.calls = element("div");
        this.root = element("div", {}, this.text, this.calls);
    }

    update(running) {
        const { round } = this;
        if (round.reasoning !== "") {
            this.updateReasoning(running);
        }
        if (round.text.length !== this.shown) {
            this.shown = round.text.length;
            this.markdown.update(round.text);
        }
        if (round.calls.length > 0) {
            this.updateCalls(running);
        }
    }

    updateReasoning(running) {
        const { round } = this;
        if (this.reasoning === null) {
            this.reasoning = { summary: element("summary"), text: document.createTextNode(""), length: 0 };
            this.root.prepend(element("details", { class: "fold" }, this.reasoning.summary, element("div", { dir: "auto" }, this.reasoning.text)));
        }
        this.reasoning.text.appendData(showHidden(round.reasoning.slice(this.reasoning.length)));
        this.reasoning.length = round.reasoning.length;
        const thinking = running && round.thoughtSeconds === null;
        this.reasoning.summary.textContent = thinking ? `Reasoning… (${quantity(countWords(round.reasoning), "word")})`
            : `Reasoning (${Math.max(1, round.thoughtSeconds ?? 1)} s)`;
    }

    updateCalls(running) {
        while (this.calls.children.length < this.round.calls.length) {
            this.calls.append(element("details", { class: "fold" }, element("summary"), element("div")));
        }
        this.round.calls.forEach((call, i) => {
            const [summary, content] = this.calls.children[i].children;
            const outcome = call.result !== null ? "run by this page" : running && call.name === TimeTool.function.name ? "…" : "not run by this page";
            summary.textContent = showHidden(`Tool call: ${call.name} (${outcome})`);
            content.textContent = showHidden(prettyJson(call.json) + (call.result === null ? "" : `\n\nResult: ${prettyJson(call.result)}`));
        });
    }
}
