// Mistral's and Opper's clients for npm against `recto serve`: node node.mjs target/release/recto
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { Mistral } from "@mistralai/mistralai";
import { Opper } from "opperai";

const KEY = "a-key-for-this-test";
const TITLE = /# Rain Gardens on Mill Street/;
// This file may be a copy beside its packages: it is run from the root of the checkout.
const pages = resolve("testdata/pages");
const report = readFileSync(join(pages, "report.pdf"));
const scan = readFileSync(join(pages, "swedish-scan.png"));
const content = report.toString("base64");

async function mistral(serverURL) {
  const client = new Mistral({ apiKey: KEY, serverURL });
  const documentUrl = "data:application/pdf;base64," + content;
  const read = (document, more) =>
    client.ocr.process({ model: "mistral-ocr-latest", document, ...more });
  const answer = await read({ type: "document_url", documentUrl }, { tableFormat: "html" });
  assert.deepEqual(answer.pages.map((page) => page.index), [0, 1]);
  assert.match(answer.pages[0].markdown, TITLE);
  assert.equal(answer.pages[1].tables[0].id, "tbl-0.html");
  assert.ok(answer.pages[0].blocks.length > 5);
  assert.equal(answer.usageInfo.docSizeBytes, report.length);

  const imageUrl = "data:image/png;base64," + scan.toString("base64");
  const image = await read({ type: "image_url", imageUrl });
  assert.ok(image.pages[0].markdown.length > 100);
  const object = await read({ type: "image_url", imageUrl: { url: imageUrl, detail: "high" } });
  assert.deepEqual(object.pages, image.pages);

  const models = await client.models.list();
  assert.ok(models.data.some((model) => model.id === "mistral-ocr-latest"));
  const model = await client.models.retrieve({ modelId: "docling/docling-latest" });
  assert.equal(model.id, "docling/docling-latest");

  const file = { fileName: "report.pdf", content: report };
  const stored = await client.files.upload({ file, purpose: "ocr" });
  assert.deepEqual([stored.filename, stored.sizeBytes], ["report.pdf", report.length]);
  const fileId = stored.id;
  const listed = await client.files.list({ purpose: "ocr" });
  assert.deepEqual(listed.data.map((file) => file.id), [fileId]);
  assert.equal((await client.files.retrieve({ fileId })).deleted, false);
  const download = await client.files.download({ fileId });
  const bytes = Buffer.from(await new Response(download).arrayBuffer());
  assert.ok(bytes.equals(report));
  const { url } = await client.files.getSignedUrl({ fileId, expiry: 24 });
  assert.ok(Buffer.from(await (await fetch(url)).arrayBuffer()).equals(report));
  const whole = await read({ type: "document_url", documentUrl });
  for (const document of [
    { type: "file", fileId },
    { type: "document_url", documentUrl: url },
    { type: "image_url", imageUrl: url },
  ]) {
    assert.deepEqual((await read(document)).pages, whole.pages);
  }
  assert.equal((await client.files.delete({ fileId })).deleted, true);
  await assert.rejects(read({ type: "file", fileId }), (error) => error.statusCode === 404);
  await assert.rejects(client.files.retrieve({ fileId }), (error) => error.statusCode === 404);
}

async function opper(serverURL) {
  const client = new Opper({ httpBearer: KEY, serverURL: serverURL + "/v2" });
  const ask = (model, document) => client.ocr.processOcrOcrPost({ model, document, pages: [0] });
  const base64 = { type: "base64", documentName: "report.pdf", content };
  const documentUrl = "data:application/pdf;base64," + content;
  let first;
  for (const document of [base64, { type: "document_url", documentUrl }]) {
    const answer = await ask("docling/docling-latest", document);
    assert.equal(answer.pages.length, 1);
    assert.match(answer.pages[0].markdown, TITLE);
    assert.equal(answer.cost.total, 0);
    first ??= answer.pages[0].markdown;
    assert.equal(answer.pages[0].markdown, first);
  }
  const imageUrl = "data:image/png;base64," + scan.toString("base64");
  const image = await ask("docling-latest", { type: "image_url", imageUrl });
  assert.ok(image.pages[0].markdown.length > 100);
  const models = await client.ocr.listOcrModelsOcrModelsGet();
  assert.equal(models.data[0].name, "docling/docling-latest");
  await assert.rejects(ask("gpt-5", base64), (error) => error.statusCode === 404);
}

const files = mkdtempSync(join(tmpdir(), "recto-"));
const options = ["serve", "--listen", "127.0.0.1:0", "--files-dir", files];
const server = spawn(resolve(process.argv[2]), options, {
  env: { ...process.env, RECTO_KEYS: KEY, RECTO_CONFIG: "" },
  stdio: ["ignore", "inherit", "pipe"],
});
try {
  const lines = createInterface({ input: server.stderr });
  const line = await new Promise((resolve) => lines.once("line", resolve));
  const address = line.match(/http:\/\/\S+/)[0];
  await mistral(address);
  await opper(address);
  // Clients delete what they upload.
  assert.deepEqual(readdirSync(files), ["secret"]);
  console.log("npm: fine");
} finally {
  server.kill();
  rmSync(files, { recursive: true });
}
