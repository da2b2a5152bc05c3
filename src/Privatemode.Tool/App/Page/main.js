// The page: what is shown, and what keys and buttons do.

import { getJson, takeToken } from "./api.js";
import { Badge } from "./badge.js";
import { cancelEdit, edit, initComposer, regenerate, updateComposer } from "./composer.js";
import { askLink, initDialogs, openDialog, showReport } from "./dialogs.js";
import { announce, byId, copyText, element } from "./dom.js";
import { fillModels, groupModels } from "./models.js";
import { initSide, loadKept, openNew, openSide, reloadChanged, showConversations } from "./side.js";
import { notice, page } from "./state.js";
import { ConversationStore, preferences } from "./storage.js";
import { ConversationView } from "./view.js";
import { thinkingOf } from "./wire.js";

function start() {
    applyTheme(preferences.get("theme") ?? "system");
    if (!takeToken()) {
        byId("main").replaceChildren(element("section", { id: "start" }, element("h2", { text: "Start this page from a terminal" }),
            element("p", { text: "Run \"privatemode app\". It opens this page with a key that is only valid while it runs." })));
        byId("badge").hidden = byId("side").hidden = byId("model").hidden = byId("skip").hidden = byId("menu").hidden = true;
        return;
    }
    page.view = new ConversationView({ edit, regenerate, retry: regenerate });
    page.store = new ConversationStore(reloadChanged);
    page.badge = new Badge(state => {
        updateComposer();
        if (page.models.chat.length + page.models.vision.length === 0 && state !== "unreachable") {
            loadModels();
        }
    });
    initDialogs();
    initComposer();
    initSide();
    initHeader();
    document.addEventListener("keydown", handleKey);
    document.addEventListener("click", interceptLink);
    document.addEventListener("auxclick", interceptLink);
    page.view.show(page.current);
    showConversations();
    updateComposer();
    page.badge.refresh();
    loadModels();
    loadKept();
    byId("composer-text").focus();
}

/** Links of a model are opened only after their address was shown. */
function interceptLink(event) {
    const link = event.target.closest?.(".markdown a[href]");
    if (link) {
        event.preventDefault();
        askLink(link.href);
    }
}

async function loadModels() {
    try {
        page.models = groupModels((await getJson("/v1/models")).data);
        fillModels(byId("model"), page.models, preferences.get("model"));
        if (byId("notice").dataset.source === "models") {
            notice("");
        }
    } catch (error) {
        notice(`The list of models is not available. ${error.message}`, "models");
    }
    modelChanged();
}

function modelChanged() {
    const thinking = thinkingOf(byId("model").value);
    byId("thinking").hidden = thinking === null;
    byId("thinking").title = thinking?.hint ?? "";
    updateComposer();
}

function initHeader() {
    byId("model").addEventListener("change", () => {
        preferences.set("model", byId("model").value);
        modelChanged();
    });
    byId("thinking").addEventListener("click", () => {
        page.thinking = !page.thinking;
        byId("thinking").setAttribute("aria-pressed", String(page.thinking));
    });
    byId("badge").addEventListener("click", () => showReport(page.badge.verification));
    byId("menu").addEventListener("click", () => openSide(!byId("side").classList.contains("open")));
    byId("layout").addEventListener("click", event => byId("side").contains(event.target) || openSide(false));
    matchMedia("(max-width: 719px)").addEventListener("change", () => openSide(false));
    byId("settings").addEventListener("click", () => {
        byId("instructions").value = page.current.instructions;
        openDialog("settings-dialog");
    });
    byId("help").addEventListener("click", () => openDialog("help-dialog"));
    byId("instructions").addEventListener("input", () => page.current.instructions = byId("instructions").value);
    byId("tools").addEventListener("change", () => page.tools = byId("tools").checked);
    for (const choice of document.querySelectorAll("input[name=theme]")) {
        choice.checked = choice.value === (preferences.get("theme") ?? "system");
        choice.addEventListener("change", () => {
            preferences.set("theme", choice.value);
            applyTheme(choice.value);
        });
    }
}

function applyTheme(theme) {
    document.documentElement.dataset.theme = theme;
}

function handleKey(event) {
    const keys = { KeyN: openNew, KeyM: () => byId("model").focus(), KeyV: () => showReport(page.badge.verification), KeyC: copyLast };
    if (event.isComposing || document.querySelector("dialog[open]")) {
        return;
    }
    if (event.key === "Escape") {
        if (byId("side").classList.contains("open")) {
            openSide(false);
            byId("menu").focus();
        } else if (page.editing !== null) {
            cancelEdit();
        } else {
            page.answers.get(page.current.id)?.stop();
        }
    } else if (event.altKey && !event.ctrlKey && !event.metaKey && keys[event.code]) {
        event.preventDefault();
        keys[event.code]();
    }
}

async function copyLast() {
    const last = page.current.messages.findLast(message => message.role === "assistant");
    const text = last?.rounds.map(round => round.text).filter(part => part !== "").join("\n\n") ?? "";
    if (text !== "") {
        announce(await copyText(text) ? "The last answer is copied" : "The browser does not allow copying");
    }
}

start();
