// Starts a proxy in front of a deployment in the same process, and ends it.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/**
 * The command of the tool, from PRIVATEMODE_COMMAND: a program and its first arguments, as a JSON array.
 * @param {string[]} options further options of `privatemode proxy`
 * @param {object[]} script answers for --demo-script
 */
export async function startProxy(options = [], script = undefined) {
    const [program, ...first] = JSON.parse(process.env.PRIVATEMODE_COMMAND);
    const folder = mkdtempSync(join(tmpdir(), "privatemode-npm-"));
    const more = [];
    if (script) {
        const file = join(folder, "script.jsonl");
        writeFileSync(file, script.map((line) => JSON.stringify(line)).join("\n"));
        more.push("--demo-script", file);
    }

    const child = spawn(program, [...first, "proxy", "--demo", "--port", "0", "--json", ...more, ...options], {
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, TMPDIR: folder },
    });
    let log = "";
    child.stderr.on("data", (text) => (log += text));
    const line = await new Promise((resolve, reject) => {
        createInterface({ input: child.stdout }).once("line", resolve);
        child.once("exit", (code) => reject(new Error(`The proxy ended with code ${code}: ${log}`)));
    });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    return {
        url: JSON.parse(line).urls[0],
        async stop() {
            child.kill("SIGTERM");
            await ended;
            rmSync(folder, { recursive: true, force: true });
        },
    };
}

/** Collects what an asynchronous iterable returns. */
export async function all(items) {
    const list = [];
    for await (const item of items) {
        list.push(item);
    }

    return list;
}
