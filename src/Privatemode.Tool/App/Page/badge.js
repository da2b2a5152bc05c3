// The badge: what is known about the deployment that gets the messages.

import { getJson } from "./api.js";
import { byId } from "./dom.js";
import { timeAgo } from "./text.js";

const OftenMs = 2000;
// A report that is older than a minute makes the proxy verify the deployment again.
const SeldomMs = 5 * 60000;

/** The words and the state of the badge for an answer of /verification and its age in seconds. */
export function badgeOf(verification, age) {
    const report = verification?.report;
    if (verification === null) {
        return { state: "unreachable", text: "NOT CONNECTED: nothing is sent", canSend: false };
    }
    if (verification.state === "refused") {
        return { state: "refused", text: "NOT VERIFIED: nothing is sent", canSend: false };
    }
    if (verification.state === "key-rejected") {
        return { state: "refused", text: "API KEY REJECTED: nothing is sent", canSend: false };
    }
    if (verification.demo && verification.state === "verified") {
        return { state: "demo", text: "demo: proves nothing", canSend: true };
    }
    if (verification.state === "verified" && report) {
        const seconds = Math.max(0, (Date.parse(verification.now) - Date.parse(report.verifiedAt)) / 1000 + age);
        return { state: "verified", text: `verified: ${report.tee}, manifest ${report.manifestSha256.slice(0, 8)}, ${timeAgo(seconds)}`, canSend: true };
    }
    if (verification.state === "unreachable") {
        return { state: "unreachable", text: "NOT REACHABLE: nothing is sent", canSend: false };
    }
    return { state: "verifying", text: "verifying…", canSend: true };
}

/** Asks the proxy from time to time and shows what it says. */
export class Badge {
    constructor(changed) {
        this.changed = changed;
        this.verification = undefined;
        this.canSend = true;
        this.askedAt = 0;
        this.timer = null;
        document.addEventListener("visibilitychange", () => this.refreshIfOld());
        addEventListener("focus", () => this.refreshIfOld());
        setInterval(() => this.show(), 15000);
    }

    refreshIfOld() {
        if (document.visibilityState === "visible" && performance.now() - this.askedAt > SeldomMs) {
            this.refresh();
        }
    }

    async refresh() {
        clearTimeout(this.timer);
        this.askedAt = performance.now();
        try {
            this.verification = await getJson("/verification");
        } catch {
            this.verification = null;
        }
        this.askedAt = performance.now();
        this.show();
        const settled = this.verification?.state === "verified" || this.verification?.state === "refused";
        this.timer = setTimeout(() => document.visibilityState === "visible" ? this.refresh() : this.show(), settled ? SeldomMs : OftenMs);
    }

    show() {
        if (this.verification === undefined) {
            return;
        }
        const { state, text, canSend } = badgeOf(this.verification, (performance.now() - this.askedAt) / 1000);
        const badge = byId("badge");
        badge.dataset.state = state;
        if (byId("badge-text").textContent !== text) {
            byId("badge-text").textContent = text;
        }
        this.canSend = canSend;
        this.changed(state);
    }
}
