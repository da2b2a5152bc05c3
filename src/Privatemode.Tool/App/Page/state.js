// What the page knows. All of it is in memory; storage.js keeps what the user asks to keep.

import { newConversation } from "./chat.js";
import { button, byId } from "./dom.js";

export const page = {
    conversations: [newConversation()], answers: new Map(), attachments: [], reading: 0, thinking: false, tools: false,
    models: { chat: [], vision: [], transcription: [] }, editing: null,
};
page.current = page.conversations[0];

/** Shows a message above the composer, or removes it. */
export function notice(text, source = "") {
    byId("notice").dataset.source = source;
    byId("notice").replaceChildren(...(text === "" ? [] : [text, button("Close", () => notice(""), { class: "small" })]));
}
