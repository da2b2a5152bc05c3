// Files that are attached to a message: images stay as they are, documents and recordings become text. All of them pass through the encrypted endpoints.

import { getJson } from "./api.js";
import { countWords, fileSize } from "./text.js";

const MaxImage = 20 * 1024 * 1024;
const MaxDocument = 24 * 1024 * 1024;
const MaxAudio = 50 * 1024 * 1024;
const TextEndings = ["txt", "md", "csv", "json", "xml", "yaml", "yml", "log", "cs",
    "js", "ts", "py", "java", "go", "rs", "c", "h", "cpp", "sql", "sh", "css", "toml"];
const DocumentEndings = ["pdf", "docx", "doc", "odt", "rtf", "pptx", "ppt", "xlsx", "xls", "epub", "html", "htm", "eml", "msg", "tsv", "rst", "org"];
const AudioEndings = ["mp3", "wav", "m4a", "ogg", "oga", "opus", "flac", "webm", "mp4", "mpga", "mpeg"];

/** The type of an image by its first bytes, or null if it is none that models accept. */
export function imageType(bytes) {
    const begins = (...values) => values.every((value, i) => value === null || bytes[i] === value);
    return begins(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a) ? "image/png"
        : begins(0xff, 0xd8, 0xff) ? "image/jpeg"
            : begins(0x47, 0x49, 0x46, 0x38) ? "image/gif"
                : begins(0x52, 0x49, 0x46, 0x46, null, null, null, null, 0x57, 0x45, 0x42, 0x50) ? "image/webp" : null;
}

/** What a file is for this page: image, text, document, audio, or null. */
export function kindOf(name, bytes) {
    const ending = name.toLowerCase().split(".").at(-1);
    return imageType(bytes) !== null ? "image" : AudioEndings.includes(ending) ? "audio"
        : TextEndings.includes(ending) ? "text" : DocumentEndings.includes(ending) ? "document" : null;
}

/** The sentence that says why a file cannot be attached, or null if it can. */
export function refusalOf(name, kind, size, { vision, transcription }) {
    const largest = kind === "image" ? MaxImage : kind === "audio" ? MaxAudio : MaxDocument;
    if (kind === null) {
        return `"${name}" is not a kind of file that can be attached. Images are PNG, JPEG, WebP or GIF.`;
    }
    if (size > largest) {
        return `"${name}" is too large: ${fileSize(size)}. The limit is ${fileSize(largest)}.`;
    }
    if (kind === "image" && !vision) {
        return "The chosen model does not accept images. Choose one of the list \"Chat and images\".";
    }
    return kind === "audio" && transcription === null ? "The service offers no model that transcribes recordings." : null;
}

/** Reads a file. Returns an attachment, or the text of a recording as { kind: "speech", text }. Throws an Error whose message is for people. */
export async function readAttachment(file, abilities, signal) {
    const head = new Uint8Array(await file.slice(0, 16).arrayBuffer());
    const kind = kindOf(file.name, head);
    const refusal = refusalOf(file.name, kind, file.size, abilities);
    if (refusal !== null) {
        throw new Error(refusal);
    }
    switch (kind) {
        case "image": return { kind, name: file.name, size: file.size, url: await dataUrl(file, imageType(head)) };
        case "text": return documentOf(file, await readText(file));
        case "document": return documentOf(file, await extract(file, signal));
        default: return { kind: "speech", text: await transcribe(file, abilities.transcription, signal) };
    }
}

function documentOf(file, text) {
    if (text.trim() === "") {
        throw new Error(`No text was found in "${file.name}".`);
    }
    return { kind: "document", name: file.name, size: file.size, text, words: countWords(text) };
}

async function readText(file) {
    try {
        return new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
    } catch {
        throw new Error(`"${file.name}" is not UTF-8 text.`);
    }
}

function dataUrl(file, type) {
    return new Promise((resolve, reject) => {
        const reader = new FileReader();
        reader.addEventListener("load", () => resolve(reader.result));
        reader.addEventListener("error", () => reject(new Error(`"${file.name}" cannot be read.`)));
        reader.readAsDataURL(new Blob([file], { type }));
    });
}

async function extract(file, signal) {
    const form = new FormData();
    form.append("files", file, file.name);
    form.append("output_format", "application/json");
    const elements = await getJson("/unstructured/general/v0/general", { method: "POST", body: form, signal });
    return elements.map(part => typeof part.text === "string" ? part.text : "").filter(text => text !== "").join("\n\n");
}

async function transcribe(file, model, signal) {
    const form = new FormData();
    form.append("model", model);
    form.append("response_format", "json");
    form.append("file", file, file.name);
    const answer = await getJson("/v1/audio/transcriptions", { method: "POST", body: form, signal });
    return (answer.text ?? "").trim();
}
