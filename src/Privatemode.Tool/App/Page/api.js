// Requests to the proxy that serves this page. There are no others.

const TokenName = "privatemode-token";

/** An answer that is an error, or an answer that did not come to its end. */
export class ApiError extends Error {
    constructor(message, { status = 0, code = null, retryAfter = null, cut = false } = {}) {
        super(message);
        this.status = status;
        this.code = code;
        this.retryAfter = retryAfter;
        this.cut = cut;
    }
}

/** Takes the token out of the address and keeps it for this tab. Returns whether there is one. */
export function takeToken() {
    const match = /^#t=([A-Za-z0-9_-]{20,})$/.exec(location.hash);
    if (match !== null) {
        sessionStorage.setItem(TokenName, match[1]);
    }
    if (location.hash !== "") {
        history.replaceState(null, "", location.pathname);
    }
    return sessionStorage.getItem(TokenName) !== null;
}

/** Forgets everything that this tab keeps, but not the token. */
export function clearSession() {
    const token = sessionStorage.getItem(TokenName);
    sessionStorage.clear();
    sessionStorage.setItem(TokenName, token);
}

/** Sends a request and returns the answer if it is none of an error. */
export async function send(path, options = {}) {
    const headers = { Authorization: `Bearer ${sessionStorage.getItem(TokenName)}`, ...options.headers };
    let response;
    try {
        response = await fetch(path, { ...options, headers, cache: "no-store", credentials: "omit", redirect: "error", referrerPolicy: "no-referrer" });
    } catch (error) {
        if (error.name === "AbortError") {
            throw error;
        }
        throw new ApiError("The proxy does not answer. Is \"privatemode app\" still running?", { code: "no_proxy" });
    }
    if (!response.ok) {
        throw await errorOf(response);
    }
    return response;
}

/** Sends a request and returns the JSON of the answer. */
export async function getJson(path, options = {}) {
    const response = await send(path, { ...options, headers: { Accept: "application/json", ...options.headers } });
    return await response.json();
}

async function errorOf(response) {
    let error = null;
    try {
        error = (await response.json()).error;
    } catch {
        // The body is not JSON: the status has to be enough.
    }
    const seconds = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
    const message = response.status === 401 ? "This page belongs to an earlier start of \"privatemode app\". Open the address that it printed last."
        : typeof error?.message === "string" ? error.message : `The proxy answered with status ${response.status}.`;
    return new ApiError(message, {
        status: response.status, code: typeof error?.code === "string" ? error.code : null, retryAfter: Number.isFinite(seconds) ? seconds : null,
    });
}

/**
 * Sends a chat and yields its events as objects. The stream ends well only with [DONE], which the proxy passes on after it has authenticated the whole
 * answer; every other end is an error with cut set.
 */
export async function* streamChat(body, signal) {
    const response = await send("/v1/chat/completions", {
        method: "POST", signal, body: JSON.stringify(body), headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
    });
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    const parser = new EventStreamParser();
    try {
        for (let part = await reader.read(); !part.done; part = await reader.read()) {
            for (const data of parser.push(decoder.decode(part.value, { stream: true }))) {
                if (data === "[DONE]") {
                    return;
                }
                yield eventOf(data);
            }
        }
    } catch (error) {
        if (error.name === "AbortError" || error instanceof ApiError) {
            throw error;
        }
        throw new ApiError("The connection broke before the answer was complete.", { cut: true });
    } finally {
        reader.cancel().catch(() => { });
    }
    throw new ApiError("The answer ended before it was complete.", { cut: true });
}

function eventOf(data) {
    let event;
    try {
        event = JSON.parse(data);
    } catch {
        throw new ApiError("The answer cannot be read.", { cut: true });
    }
    if (event.error) {
        throw new ApiError(typeof event.error.message === "string" ? event.error.message : "The answer failed.", { code: event.error.code ?? null, cut: true });
    }
    return event;
}

/** Splits a stream of server-sent events into the data of each event. */
export class EventStreamParser {
    constructor() {
        this.rest = "";
    }

    /** Takes the next part of the text and returns the data of the events that are complete. */
    push(text) {
        this.rest += text;
        const events = [];
        for (let end = this.rest.search(/\r?\n\r?\n/); end >= 0; end = this.rest.search(/\r?\n\r?\n/)) {
            const lines = this.rest.slice(0, end).split(/\r?\n/);
            const data = lines.filter(line => line.startsWith("data:")).map(line => line.slice(line[5] === " " ? 6 : 5));
            if (data.length > 0) {
                events.push(data.join("\n"));
            }
            this.rest = this.rest.slice(end).replace(/^\r?\n\r?\n/, "");
        }
        return events;
    }
}
