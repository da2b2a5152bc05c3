// What a conversation looks like for the model: messages, tools, thinking, and how many words they are.

import { countWords } from "./text.js";

export const WarnWords = 60000;
export const MaxWords = 70000;
export const MaxRounds = 5;

/** The one tool that this page can run. */
export const TimeTool = {
    type: "function",
    function: {
        name: "current_time",
        description: "Returns the current date and time of the user, with the time zone.",
        parameters: { type: "object", properties: {}, additionalProperties: false },
    },
};

/** Runs a call of a tool. Returns null for tools that this page does not have. */
export function runTool(name, now = new Date()) {
    if (name !== TimeTool.function.name) {
        return null;
    }
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    return JSON.stringify({ utc: now.toISOString(), local: now.toLocaleString("en-GB"), zone });
}

/** The messages of a conversation as chat completions have them. Answers that were cut or failed are left out. */
export function wireMessages(conversation) {
    const messages = [];
    if (conversation.instructions.trim() !== "") {
        messages.push({ role: "system", content: conversation.instructions.trim() });
    }
    for (const message of conversation.messages) {
        if (message.role === "user") {
            addUser(messages, message);
        } else if (message.state === "complete" || message.state === "stopped" || message.state === "running") {
            addRounds(messages, message.rounds);
        }
    }
    return messages;
}

/** Models expect that user and assistant take turns. Two user messages in a row, because the answer between them failed, become one. */
function addUser(messages, message) {
    const content = userContent(message);
    const last = messages.at(-1);
    if (last?.role === "user") {
        last.content = joinContent(last.content, content);
    } else {
        messages.push({ role: "user", content });
    }
}

function userContent(message) {
    const documents = message.attachments.filter(attachment => attachment.kind === "document");
    const images = message.attachments.filter(attachment => attachment.kind === "image");
    const text = [...documents.map(document => `Document "${document.name}":\n\n${document.text}`), message.text].filter(part => part !== "").join("\n\n");
    return images.length === 0 ? text : [
        ...(text === "" ? [] : [{ type: "text", text }]),
        ...images.map(image => ({ type: "image_url", image_url: { url: image.url } })),
    ];
}

function joinContent(first, second) {
    if (typeof first === "string" && typeof second === "string") {
        return `${first}\n\n${second}`;
    }
    const parts = content => typeof content === "string" ? [{ type: "text", text: content }] : content;
    return [...parts(first), ...parts(second)];
}

/** A round is one answer of the model; a round whose calls were run is followed by their results. */
function addRounds(messages, rounds) {
    for (const round of rounds) {
        const calls = round.calls.filter(call => call.result !== null);
        if (round.text !== "" || calls.length > 0) {
            messages.push({
                role: "assistant", content: round.text,
                ...(calls.length > 0 ? { tool_calls: calls.map(({ id, name, json }) => ({ id, type: "function", function: { name, arguments: json } })) } : {}),
            });
        }
        for (const call of calls) {
            messages.push({ role: "tool", tool_call_id: call.id, content: call.result });
        }
    }
}

/** The request for the next answer. */
export function chatRequest(conversation, model, thinking, tools) {
    return {
        model, stream: true, stream_options: { include_usage: true }, messages: wireMessages(conversation),
        ...(thinkingOf(model)?.members(thinking) ?? {}), ...(tools ? { tools: [TimeTool] } : {}),
    };
}

/** How thinking is switched for a model, or null if it is not known. */
export function thinkingOf(model) {
    const name = (model ?? "").split("/").at(-1);
    if (name.startsWith("gpt-oss") || name.startsWith("glm")) {
        return {
            hint: "This model always thinks before it answers. With this switch on, it thinks longer.",
            members: on => ({ reasoning_effort: on ? "high" : "low" }),
        };
    }
    if (name.startsWith("gemma")) {
        return { hint: "With this switch on, the model thinks before it answers.", members: on => ({ chat_template_kwargs: { enable_thinking: on } }) };
    }
    return null;
}

/** Adds an event of a streamed chat to a round. Returns whether it was the first visible text. */
export function addEvent(round, event) {
    const choice = event.choices?.[0];
    const delta = choice?.delta ?? {};
    const reasoning = delta.reasoning ?? delta.reasoning_content;
    round.reasoning += typeof reasoning === "string" ? reasoning : "";
    round.text += typeof delta.content === "string" ? delta.content : "";
    round.text += typeof delta.refusal === "string" ? delta.refusal : "";
    for (const part of delta.tool_calls ?? []) {
        addCallPart(round.calls, part);
    }
    round.finish = choice?.finish_reason ?? round.finish;
    round.usage = event.usage ?? round.usage;
}

function addCallPart(calls, part) {
    let call = calls.find(other => other.index === (part.index ?? 0));
    if (call === undefined) {
        call = { index: part.index ?? 0, id: "", name: "", json: "", result: null };
        calls.push(call);
    }
    call.id ||= part.id ?? "";
    call.name += part.function?.name ?? "";
    call.json += part.function?.arguments ?? "";
}

/** A new, empty round. */
export function newRound() {
    return { reasoning: "", text: "", calls: [], finish: null, usage: null, thoughtSeconds: null };
}

/** Counts the words that would be sent: the conversation, the text in the composer, and what is attached to it. */
export function wordsToSend(conversation, text, attachments) {
    let words = countWords(conversation.instructions) + countWords(text) + attachmentWords(attachments);
    for (const message of conversation.messages) {
        words += message.role === "user" ? countWords(message.text) + attachmentWords(message.attachments)
            : message.rounds.reduce((sum, round) => sum + countWords(round.text), 0);
    }
    return words;
}

function attachmentWords(attachments) {
    return attachments.reduce((sum, attachment) => sum + (attachment.kind === "document" ? attachment.words : 0), 0);
}

/** A conversation as Markdown, for export. */
export function toMarkdown(conversation) {
    const parts = [`# ${conversation.title}`];
    for (const message of conversation.messages) {
        if (message.role === "user") {
            const names = message.attachments.map(attachment => `\n\n(attached: ${attachment.name})`).join("");
            parts.push(`## You\n\n${message.text}${names}`);
        } else {
            const note = message.state === "complete" ? "" : `\n\n(${message.state}: not complete)`;
            parts.push(`## Assistant (${message.model})\n\n${message.rounds.map(round => round.text).filter(text => text !== "").join("\n\n")}${note}`);
        }
    }
    return parts.join("\n\n") + "\n";
}
