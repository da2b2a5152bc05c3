// The conversation. It is kept in the variable "turns" only. The text of the model becomes text nodes, never HTML.

import { refreshBadge, showUnverified } from "./badge.js";

const byId = id => document.getElementById(id);
let turns = [];
let running = null;

async function ask(text) {
    if (running || !text.trim()) {
        return;
    }
    byId("empty").hidden = true;
    const conversation = turns;
    const question = addMessage("You", "user", text);
    const answer = addMessage("Model", "model", "");
    const body = answer.querySelector("p");
    answer.classList.add("waiting");
    byId("log").scrollTop = byId("log").scrollHeight;
    setRunning(new AbortController());

    let problem = null;
    let isDone = false;
    try {
        const response = await fetch("chat", {
            method: "POST",
            headers: { "Content-Type": "application/json" },
            body: JSON.stringify([...conversation, { fromUser: true, text }]),
            signal: running.signal,
        });
        if (response.status === 413) {
            problem = { kind: "stop", title: "The conversation is too long", text: "Start a new chat." };
        } else if (!response.ok) {
            throw new Error(`status ${response.status}`);
        }
        for await (const { type, data } of problem ? [] : eventsOf(response)) {
            if (type === "text" && data.text) {
                answer.classList.remove("waiting");
                keepEndInView(() => body.append(data.text));
            } else if (type === "problem") {
                problem = data;
            } else if (type === "done") {
                isDone = true;
            }
        }
        problem ??= isDone ? null : { kind: "retry", title: "The answer is incomplete", text: "The connection ended. Try again." };
    } catch (error) {
        problem = error.name === "AbortError"
            ? { kind: "stopped", title: "Stopped", text: "" }
            : { kind: "retry", title: "The server does not answer", text: "Check that the program is running, then try again." };
    }

    setRunning(null);
    answer.classList.remove("waiting");
    const answered = body.textContent;
    if (problem === null || (problem.kind === "stopped" && answered)) {
        conversation.push({ fromUser: true, text }, { fromUser: false, text: answered });
    }
    if (problem) {
        keepEndInView(() => answer.append(problemBox(problem, () => {
            question.remove();
            answer.remove();
            ask(text);
        })));
    }
    if (problem?.kind === "not-verified") {
        showUnverified(problem);
    }
    byId("status").textContent = problem ? "" : "Answer complete";
}

/** Reads the server-sent events of a response. */
async function* eventsOf(response) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
        const blocks = (rest + part.value).split("\n\n");
        rest = blocks.pop();
        for (const block of blocks) {
            const [, type, data] = /^event: (.*)\ndata: (.*)$/.exec(block);
            yield { type, data: JSON.parse(data) };
        }
    }
}

function addMessage(author, className, text) {
    const message = document.createElement("li");
    message.className = className;
    const name = document.createElement("h2");
    name.textContent = author;
    const body = document.createElement("p");
    body.dir = "auto";
    body.textContent = text;
    message.append(name, body);
    byId("messages").append(message);
    return message;
}

function problemBox(problem, retry) {
    const box = document.createElement("div");
    box.className = problem.kind === "stopped" ? "note" : "problem";
    box.setAttribute("role", problem.kind === "stopped" ? "status" : "alert");
    const title = document.createElement("b");
    title.textContent = `${problem.title}.`;
    box.append(title, ` ${problem.text}`);
    if (problem.kind === "retry") {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = "Try again";
        button.addEventListener("click", () => {
            byId("text").focus();
            retry();
        });
        box.append(button);
    }
    return box;
}

/** Follows the end of the conversation, unless the reader has scrolled up. */
function keepEndInView(change) {
    const log = byId("log");
    const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    change();
    if (isAtEnd) {
        log.scrollTop = log.scrollHeight;
    }
}

function setRunning(controller) {
    const hadFocus = document.activeElement === byId("stop");
    running = controller;
    byId("stop").hidden = !running;
    byId("send").hidden = Boolean(running);
    byId("messages").ariaBusy = Boolean(running);
    if (running) {
        byId("status").textContent = "The model is answering";
    } else if (hadFocus) {
        byId("text").focus();
    }
}

byId("composer").addEventListener("submit", event => {
    event.preventDefault();
    if (!running) {
        ask(byId("text").value);
        byId("text").value = "";
    }
});
byId("text").addEventListener("keydown", event => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        byId("composer").requestSubmit();
    }
});
document.addEventListener("keydown", event => {
    if (event.key === "Escape" && !byId("report").open) {
        running?.abort();
    }
});
byId("stop").addEventListener("click", () => running?.abort());
byId("suggestions").addEventListener("click", event => {
    if (event.target.localName === "button") {
        byId("text").focus();
        ask(event.target.textContent);
    }
});
byId("new").addEventListener("click", () => {
    running?.abort();
    turns = [];
    byId("messages").replaceChildren();
    byId("empty").hidden = false;
    byId("text").focus();
});

refreshBadge();
byId("text").focus();
