// The models of the service, and the list in which one is chosen.

import { element } from "./dom.js";

/** Sorts the models by what they can do. Names that stand for another model are left out. */
export function groupModels(list) {
    const ids = new Set(list.map(model => model.id));
    const live = list.filter(model => model.owned_by !== "alias" && !(model.id.includes("/") && ids.has(model.id.split("/").at(-1))));
    const can = (model, task) => Array.isArray(model.tasks) && model.tasks.includes(task);
    const chat = live.filter(model => can(model, "generate"));
    return {
        chat: chat.filter(model => !can(model, "vision")),
        vision: chat.filter(model => can(model, "vision")),
        transcription: live.filter(model => can(model, "transcribe")),
    };
}

/** Fills the list of models. The model that was chosen before stays chosen if it is still there. */
export function fillModels(select, groups, wanted) {
    const group = (label, models) => models.length === 0 ? null
        : element("optgroup", { label }, ...models.map(model => element("option", { value: model.id, text: model.id })));
    select.replaceChildren(...[group("Chat", groups.chat), group("Chat and images", groups.vision)].filter(part => part !== null));
    const all = [...groups.chat, ...groups.vision];
    const chosen = all.find(model => model.id === wanted) ?? all.find(model => model.tasks.includes("tool_calling")) ?? all[0];
    select.value = chosen?.id ?? "";
    select.disabled = all.length === 0;
}
