// The badge tells what is known about the deployment. It opens the report.

const RefreshMs = 5 * 60_000;
const RetryMs = 30_000;
const byId = id => document.getElementById(id);
let verification = null;
let askedAt = 0;

/** Asks the server for the report and shows it. */
export async function refreshBadge() {
    askedAt = Date.now();
    try {
        verification = await (await fetch("verification")).json();
    } catch {
        verification = { problem: { kind: "retry", title: "The server does not answer", text: "Check that the program is running." } };
    }
    for (const element of document.querySelectorAll("#test-notice, .test-only")) {
        element.hidden = !verification.isTest;
    }
    show();
}

/** Shows that an answer found the deployment unverified. */
export function showUnverified(problem) {
    verification = { isTest: verification?.isTest, problem };
    show();
}

function show() {
    if (verification === null) {
        return;
    }
    const { isTest, report, problem } = verification;
    if (problem) {
        const refused = problem.kind !== "retry";
        setBadge(refused ? "refused" : "unknown", refused ? "not verified: nothing is sent" : "verification not possible at the moment");
    } else {
        const facts = `${report.tee}, manifest ${report.manifestSha256.slice(0, 8)}…, ${timeAgo(report.verifiedAt)}`;
        setBadge(isTest ? "test" : "verified", isTest ? `test only: ${facts}` : `verified: ${facts}`);
    }
}

function setBadge(state, text) {
    byId("badge").dataset.state = state;
    byId("badge-text").textContent = text;
}

function timeAgo(time) {
    const minutes = Math.max(0, Math.floor((Date.now() - Date.parse(time)) / 60_000));
    const words = new Intl.RelativeTimeFormat("en");
    return minutes < 1 ? "just now" : minutes < 60 ? words.format(-minutes, "minute") : words.format(-Math.floor(minutes / 60), "hour");
}

function openReport() {
    const body = byId("report-body");
    body.replaceChildren();
    const { isTest, report, problem } = verification ?? {};
    if (problem) {
        body.append(element("p", `${problem.title}. ${problem.text}`, "bad"));
    } else if (report) {
        body.append(element("p", isTest
            ? "This is a test deployment on this server. Its evidence is signed with public test keys and proves nothing about real hardware."
            : "The deployment proved that it runs the code that the manifest names, on genuine hardware. Messages are encrypted for this deployment."));
        body.append(facts(report), checks(report));
    } else {
        body.append(element("p", "The verification is not complete yet. Nothing is sent before it is."));
    }
    byId("report-json").hidden = !report;
    byId("report").showModal();
    byId("report-title").focus();
}

function facts(report) {
    const list = document.createElement("dl");
    const count = outcome => report.checks.filter(check => check.outcome === outcome).length;
    const rows = {
        "Service": report.endpoint,
        "Hardware": report.amdProduct ? `${report.tee}, AMD ${report.amdProduct}` : report.tee,
        "Verified": `${new Date(report.verifiedAt).toLocaleString()} (${timeAgo(report.verifiedAt)})`,
        "Valid until": new Date(report.validUntil).toLocaleString(),
        "Manifest (SHA-256)": report.manifestSha256,
        "Measurement": report.measurement,
        "Checks": `${count("Passed")} passed, ${report.warnings.length} warnings, ${count("NotChecked")} not made`,
    };
    for (const [name, value] of Object.entries(rows)) {
        list.append(element("dt", name), element("dd", value, /^[0-9a-f]{64,}$/.test(value) ? "digest" : ""));
    }
    return list;
}

function checks(report) {
    const details = document.createElement("details");
    const list = document.createElement("ul");
    for (const warning of report.warnings) {
        list.append(element("li", `Warning: ${warning}`, "bad"));
    }
    for (const { name, outcome, detail } of report.checks) {
        list.append(element("li", `${outcome === "Passed" ? "✓" : "–"} ${name}${detail ? `: ${detail}` : ""}`));
    }
    details.append(element("summary", "All checks"), list);
    return details;
}

function element(tag, text, className = "") {
    const made = document.createElement(tag);
    made.textContent = text;
    made.className = className;
    return made;
}

byId("badge").addEventListener("click", openReport);
byId("close").addEventListener("click", () => byId("report").close());
byId("report").addEventListener("click", event => {
    // The backdrop belongs to the dialog itself.
    if (event.target === event.currentTarget) {
        event.currentTarget.close();
    }
});
setInterval(() => {
    const isDue = Date.now() - askedAt > (verification?.problem ? RetryMs : RefreshMs);
    if (isDue && document.visibilityState === "visible") {
        refreshBadge();
    } else {
        show();
    }
}, 15_000);
