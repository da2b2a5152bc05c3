// One conversation: its data, and the answer that is under way in it.

import { streamChat } from "./api.js";
import { countWords, quantity, titleOf } from "./text.js";
import { addEvent, chatRequest, MaxRounds, newRound, runTool } from "./wire.js";

/** A new, empty conversation. */
export function newConversation() {
    return { id: crypto.randomUUID(), title: "New conversation", changedAt: Date.now(), instructions: "", messages: [] };
}

/** Adds a message of the user. */
export function addMessage(conversation, text, attachments) {
    conversation.messages.push({ role: "user", text, attachments });
    if (conversation.messages.length === 1) {
        conversation.title = titleOf(text) || attachments[0]?.name || "New conversation";
    }
}

/** An answer that is under way. It belongs to its conversation, whichever conversation is shown. */
export class Answer {
    constructor(conversation, settings, events) {
        this.conversation = conversation;
        this.settings = settings;
        this.events = events;
        this.controller = new AbortController();
        this.message = { role: "assistant", model: settings.model, rounds: [newRound()], state: "running", note: null };
    }

    /** Asks for the answer and adds it to the conversation. All failures end up in the state of the message. */
    async run() {
        const { message, conversation } = this;
        conversation.messages.push(message);
        this.events.changed(conversation);
        try {
            for (let round = 1; await this.runRound() && round < MaxRounds; round++) {
                message.rounds.push(newRound());
            }
            message.state = "complete";
            message.note = message.rounds.at(-1).finish === "length" ? "The answer is incomplete: it reached the maximum length." : null;
            const words = message.rounds.reduce((sum, one) => sum + countWords(one.text), 0);
            this.events.say(`Answer complete, ${quantity(words, "word")}`);
        } catch (error) {
            this.fail(error);
        }
        conversation.changedAt = Date.now();
        this.events.ended(conversation);
    }

    stop() {
        this.controller.abort();
    }

    /** One request. Returns whether there are results of tools for which the model waits. */
    async runRound() {
        const { conversation, message, settings } = this;
        const round = message.rounds.at(-1);
        const begin = performance.now();
        let visible = false;
        for await (const event of streamChat(chatRequest(conversation, settings.model, settings.thinking, settings.tools), this.controller.signal)) {
            addEvent(round, event);
            if (!visible && (round.text !== "" || round.calls.length > 0)) {
                visible = true;
                this.events.say("Answer started");
                round.thoughtSeconds = Math.round((performance.now() - begin) / 1000);
            }
            this.events.changed(conversation);
        }
        // Only here, behind the authenticated end of the stream, is a call known to be the model's.
        const results = round.calls.map(call => settings.tools ? runTool(call.name) : null);
        if (results.length === 0 || results.includes(null)) {
            return false;
        }
        round.calls.forEach((call, i) => call.result = results[i]);
        return true;
    }

    fail(error) {
        const { message } = this;
        message.note = error.message;
        if (error.name === "AbortError") {
            message.state = "stopped";
            message.note = null;
            this.events.say("Stopped");
        } else if (error.cut) {
            message.state = "cut";
            this.events.say("The answer was cut. Do not use it.");
        } else {
            message.state = "error";
            message.retryAt = error.status === 429 ? Date.now() + 1000 * (error.retryAfter ?? 10) : null;
        }
        this.events.failed(error);
    }
}
