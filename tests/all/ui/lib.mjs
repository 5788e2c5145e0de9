// A browser, servers, and documents made up for the tests.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const [executablePath, recto, folder] = process.argv.slice(2);

export const testdata = (path) => `testdata/${path}`;

export function check(is, what) {
  if (!is) throw new Error(what);
}

export function same(got, wanted, what) {
  check(got === wanted, `${what}: ${JSON.stringify(got)} and not ${JSON.stringify(wanted)}`);
}

/** A `recto serve`, for as long as `test` takes. */
export async function serving(test, { args = [], keys } = {}) {
  const env = { ...process.env, RECTO_CONFIG: undefined, RECTO_KEYS: keys, XDG_CONFIG_HOME: folder };
  const server = spawn(recto, ["serve", "--listen", "127.0.0.1:0", "--no-files", ...args], {
    env, stdio: ["ignore", "ignore", "pipe"],
  });
  const log = createInterface({ input: server.stderr });
  const [line] = await once(log, "line");
  try {
    return await test(/http:\/\/\S+/.exec(line)[0], server);
  } finally {
    if (server.exitCode === null && server.signalCode === null) {
      server.kill();
      await once(server, "exit");
    }
  }
}

export const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"],
});

/** The page in a context of its own. What it reports as an error, and what it asks of others, is kept. */
export async function open(address, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  page.errors = [];
  page.strangers = [];
  page.on("pageerror", (error) => page.errors.push(error.message));
  page.on("console", (message) => {
    // That an answer was 4xx is no mistake of the page.
    if (message.type() === "error" && !/Failed to load resource/.test(message.text())) page.errors.push(message.text());
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(address) && !/^(data|blob):/.test(request.url())) page.strangers.push(request.url());
  });
  const response = await page.goto(`${address}/ui`);
  same(response.status(), 200, "status of /ui");
  return page;
}

export async function close(page) {
  check(page.errors.length === 0, `errors of the page: ${page.errors.join("; ")}`);
  check(page.strangers.length === 0, `asked elsewhere: ${page.strangers.join(" ")}`);
  await page.context().close();
}

/** Waits until the document that was chosen is shown with all its files. */
export async function finished(page) {
  await page.waitForFunction(() => / s$/.test(document.querySelector("#facts").textContent), null, { timeout: 60_000 });
}

export async function readFile(page, files) {
  await page.setInputFiles("#file", files);
  await page.click("#go");
  await finished(page);
}

export async function downloaded(page, format) {
  const [download] = await Promise.all([page.waitForEvent("download"), page.click(`[data-format=${format}]`)]);
  const chunks = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk);
  return { name: download.suggestedFilename(), content: Buffer.concat(chunks) };
}

export const picture = (page, name) => page.screenshot({ path: `${folder}/${name}.png` });

/** A PDF with these lines on each of its pages. */
export function pdf(pages) {
  const escaped = (line) => line.replace(/[\\()]/g, "\\$&");
  const objects = ["<</Type/Catalog/Pages 2 0 R>>", "", "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"];
  const kids = pages.map((lines) => {
    const content = `BT /F 14 Tf 24 TL 72 720 Td (${lines.map(escaped).join(") Tj T* (")}) Tj ET`;
    objects.push(`<</Length ${content.length}>>stream\n${content}\nendstream`);
    objects.push(
      `<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents ${objects.length} 0 R/Resources<</Font<</F 3 0 R>>>>>>`,
    );
    return `${objects.length} 0 R`;
  });
  objects[1] = `<</Type/Pages/Kids[${kids.join(" ")}]/Count ${pages.length}>>`;
  let file = "%PDF-1.4\n";
  const offsets = objects.map((object, n) => {
    const at = file.length;
    file += `${n + 1} 0 obj\n${object}\nendobj\n`;
    return `${String(at).padStart(10, "0")} 00000 n \n`;
  });
  const start = file.length;
  file += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${offsets.join("")}`;
  file += `trailer<</Size ${objects.length + 1}/Root 1 0 R>>\nstartxref\n${start}\n%%EOF\n`;
  return Buffer.from(file, "latin1");
}
