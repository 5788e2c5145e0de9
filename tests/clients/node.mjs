// Mistral's and Opper's clients for npm against `recto serve`: node node.mjs ../../target/release/recto
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Mistral } from "@mistralai/mistralai";
import { Opper } from "opperai";

const KEY = "a-key-for-this-test";
const report = readFileSync(new URL("../../testdata/pages/report.pdf", import.meta.url));
const content = report.toString("base64");

async function mistral(serverURL) {
  const client = new Mistral({ apiKey: KEY, serverURL });
  const documentUrl = "data:application/pdf;base64," + content;
  const answer = await client.ocr.process({
    model: "mistral-ocr-latest",
    document: { type: "document_url", documentUrl },
    tableFormat: "html",
  });
  assert.deepEqual(answer.pages.map((page) => page.index), [0, 1]);
  assert.match(answer.pages[0].markdown, /# Rain Gardens on Mill Street/);
  assert.equal(answer.pages[1].tables[0].id, "tbl-0.html");
  assert.ok(answer.pages[0].blocks.length > 5);
  const models = await client.models.list();
  assert.ok(models.data.some((model) => model.id === "mistral-ocr-latest"));
}

async function opper(serverURL) {
  const client = new Opper({ httpBearer: KEY, serverURL: serverURL + "/v2" });
  const document = { type: "base64", documentName: "report.pdf", content };
  const ask = (model) => client.ocr.processOcrOcrPost({ model, document, pages: [0] });
  const answer = await ask("docling/docling-latest");
  assert.equal(answer.pages.length, 1);
  assert.match(answer.pages[0].markdown, /# Rain Gardens on Mill Street/);
  assert.equal(answer.cost.total, 0);
  const models = await client.ocr.listOcrModelsOcrModelsGet();
  assert.equal(models.data[0].name, "docling/docling-latest");
  await assert.rejects(ask("gpt-5"), (error) => error.statusCode === 404);
}

const server = spawn(process.argv[2], ["serve", "--listen", "127.0.0.1:0"], {
  env: { ...process.env, RECTO_KEYS: KEY },
  stdio: ["ignore", "inherit", "pipe"],
});
try {
  const lines = createInterface({ input: server.stderr });
  const line = await new Promise((resolve) => lines.once("line", resolve));
  const address = line.match(/http:\/\/\S+/)[0];
  await mistral(address);
  await opper(address);
  console.log("npm: fine");
} finally {
  server.kill();
}
