// Dialogs: the report, links, questions. The browser's own dialog element keeps the focus inside and gives it back.

import { byId, element, saveFile } from "./dom.js";
import { showHidden, timeAgo } from "./text.js";

const Outcomes = { Passed: ["✓ passed", "good"], Warning: ["△ warning", "warning"] };

/** Connects the buttons that close dialogs. */
export function initDialogs() {
    for (const dialog of document.querySelectorAll("dialog")) {
        dialog.addEventListener("click", event => {
            if (event.target === dialog || event.target.classList.contains("close")) {
                dialog.close();
            }
        });
    }
    byId("link-open").addEventListener("click", () => byId("link-dialog").close());
}

/** Shows a dialog. */
export function openDialog(id) {
    if (!byId(id).open) {
        byId(id).showModal();
    }
}

/** Asks a question. Returns true if the user confirms. */
export function confirmDialog(title, text, yes) {
    const dialog = byId("confirm-dialog");
    byId("confirm-title").textContent = title;
    byId("confirm-text").textContent = text;
    byId("confirm-yes").textContent = yes;
    dialog.showModal();
    return new Promise(resolve => {
        let answer = false;
        byId("confirm-yes").onclick = () => {
            answer = true;
            dialog.close();
        };
        byId("confirm-no").onclick = () => dialog.close();
        dialog.addEventListener("close", () => resolve(answer), { once: true });
    });
}

/** Shows where a link leads before it is opened. A browser writes a host name with foreign letters in its ASCII form. */
export function askLink(href) {
    const url = new URL(href);
    byId("link-host").textContent = url.protocol === "mailto:" ? "an email" : url.host;
    byId("link-address").textContent = showHidden(url.href);
    byId("link-open").href = url.href;
    byId("link-dialog").showModal();
}

/** Shows the report of the verification. */
export function showReport(verification) {
    byId("report-body").replaceChildren(...reportParts(verification));
    byId("report-save").onclick = () => saveFile("privatemode-verification.json", "application/json", JSON.stringify(verification, null, 2) + "\n");
    byId("report-save").disabled = !verification;
    openDialog("report-dialog");
}

function reportParts(verification) {
    const report = verification?.report;
    const parts = [element("p", { text: sentenceOf(verification) })];
    if (verification?.failure) {
        parts.push(failureList(verification.failure));
    }
    if (!report) {
        return parts;
    }
    const warnings = report.warnings ?? [];
    parts.push(heading("Deployment"), deploymentList(report, verification.now));
    parts.push(heading("Warnings"), warnings.length === 0 ? element("p", { text: "None." })
        : element("ul", {}, ...warnings.map(text => element("li", { class: "warning", text: showHidden(text) }))));
    parts.push(heading("Checks"), table(["Check", "Outcome", "Detail"], (report.checks ?? []).map(check => {
        const [text, style] = Outcomes[check.outcome] ?? [`– ${check.outcome}`, null];
        return [check.name, element("span", { class: style, text }), check.detail ?? ""];
    })));
    parts.push(heading("Certificates and lists"), table(["Name", "Issued", "Valid until"], (report.collateral ?? []).map(one =>
        [one.name, one.issuedAt === null ? "" : timeElement(one.issuedAt), timeElement(one.validUntil)])));
    return parts;
}

function sentenceOf(verification) {
    if (!verification) {
        return "The proxy on this machine does not answer. The state of the service is not known, and nothing is sent.";
    }
    const demo = verification.demo ? "This is a demo: the deployment runs inside the program, with test certificates. It proves nothing. " : "";
    switch (verification.state) {
        case "verified": return demo
            + "The service proved with its hardware that it runs exactly the code that the manifest lists. Only then were messages sent to it.";
        case "refused": return demo + "The service could not prove what it runs. Nothing is sent to it.";
        case "key-rejected": return demo + "The service rejected the API key, so it could not be verified. Nothing is sent.";
        case "unreachable": return demo
            + "The service, or a source of certificates, cannot be reached. This does not mean that the verification failed. Nothing is sent.";
        default: return demo + "The verification is in progress. Messages are sent when it succeeds.";
    }
}

function failureList(failure) {
    const rows = [["Check", failure.check], ["Problem", failure.message], ["Expected", failure.expected], ["Found", failure.found]];
    return definitions(rows.filter(([, value]) => typeof value === "string" && value !== ""), "bad-text");
}

function deploymentList(report, now) {
    const age = Math.max(0, (Date.parse(now) - Date.parse(report.verifiedAt)) / 1000);
    const rows = [
        ["Address", report.endpoint], ["Hardware", report.amdProduct ? `${report.tee} (${report.amdProduct})` : report.tee],
        ["Verified", element("span", {}, timeElement(report.verifiedAt), ` (${timeAgo(age)})`)], ["Valid until", timeElement(report.validUntil)],
        ["Manifest (SHA-256)", digest(report.manifestSha256)],
        ["Manifest expected since", element("span", {}, timeElement(report.manifestAdoptedAt), ` (source: ${report.manifestSource})`)],
        ["Newer manifest, not approved", report.unapprovedManifestSha256 && digest(report.unapprovedManifestSha256)],
        ["Measurement", digest(report.measurement)], ["Reference value", report.referenceValuePath],
        ["Policy (SHA-256)", digest(report.coordinatorPolicySha256)],
        ["Mesh CA (SHA-256)", digest(report.meshCaSha256)], ["Claimed version", report.claimedCoordinatorVersion],
        ...Object.entries(report.tcb ?? {}).map(([name, value]) => [`Firmware, ${name}`, value]),
    ];
    return definitions(rows.filter(([, value]) => value !== null && value !== undefined && value !== ""), null);
}

function definitions(rows, style) {
    return element("dl", {}, ...rows.flatMap(([name, value]) => [
        element("dt", { text: name }), typeof value === "string" ? element("dd", { class: style, text: showHidden(value) }) : element("dd", {}, value),
    ]));
}

function table(names, rows) {
    const cells = row => row.map(value => typeof value === "string" ? element("td", { text: showHidden(value) }) : element("td", {}, value));
    return element("table", {}, element("thead", {}, element("tr", {}, ...names.map(text => element("th", { scope: "col", text })))),
        element("tbody", {}, ...rows.map(row => element("tr", {}, ...cells(row)))));
}

function heading(text) {
    return element("h3", { text });
}

function digest(text) {
    return element("span", { class: "digest", text });
}

function timeElement(time) {
    return element("time", { datetime: time, text: time.replace("T", " ").replace("Z", " UTC") });
}
