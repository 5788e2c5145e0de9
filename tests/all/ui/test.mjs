// The page at /ui, driven in a browser: node test.mjs BROWSER RECTO FOLDER

import { execFileSync } from "node:child_process";
import { browser, check, close, downloaded, finished, open, pdf, picture, readFile, same, serving, testdata } from "./lib.mjs";

const recto = process.argv[3];
const REPORT = testdata("pages/report.pdf");
const KEY = "a-key-for-this-test";

/** The ratio of contrast between an element's colour and what lies behind it, as WCAG counts. */
function contrast(selector) {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const pixel = (...colours) => {
    for (const colour of colours) {
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
    }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = [];
  const element = document.querySelector(selector);
  for (let at = element; at; at = at.parentElement) behind.unshift(getComputedStyle(at).backgroundColor);
  const pair = [light(pixel("white", ...behind)), light(pixel("white", ...behind, getComputedStyle(element).color))];
  return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
}

const tests = {
  async "from upload to markdown in three clicks"(address) {
    const page = await open(address);
    await page.evaluate(() => {
      window.stages = [];
      new MutationObserver(() => window.stages.push(document.querySelector("#stage").textContent))
        .observe(document.querySelector("#stage"), { childList: true });
    });
    await page.waitForSelector("#languages label");
    await picture(page, "start");
    const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.click("#drop")]);
    await chooser.setFiles(REPORT);
    await page.click("#go");
    await finished(page);
    const { name, content } = await downloaded(page, "md");
    same(name, "report.md", "name of the download");
    const wanted = execFileSync(recto, ["read", "--quiet", REPORT]).toString();
    same(content.toString(), wanted, "markdown");
    const stages = await page.evaluate(() => window.stages);
    for (const stage of ["Sending …", "Opening the document …", "1 of 2 pages read"]) {
      check(stages.includes(stage), `${stage} is not among ${stages}`);
    }
    same(await page.textContent("#facts").then((facts) => facts.replace(/[\d.]+ s/, "")), "2 pages · English · ", "facts");
    const json = JSON.parse((await downloaded(page, "json")).content);
    same(json.schema_name, "DoclingDocument", "JSON");
    check((await downloaded(page, "html")).content.includes("<h2>Summary</h2>"), "HTML");
    check((await downloaded(page, "pdf")).content.subarray(0, 5).equals(Buffer.from("%PDF-")), "PDF");
    await close(page);
  },

  async "boxes and text belong together"(address) {
    const page = await open(address);
    await readFile(page, REPORT);
    const [boxes, blocks] = [page.locator("#sheet .box"), page.locator("#reading [data-block]")];
    same(await boxes.count(), await blocks.count(), "boxes");
    check(await boxes.count() > 12, "too few boxes");
    const sheet = await page.locator("#sheet").boundingBox();
    for (const box of await boxes.all()) {
      const { x, y, width, height } = await box.boundingBox();
      check(x >= sheet.x && y >= sheet.y && x + width <= sheet.x + sheet.width && y + height <= sheet.y + sheet.height, "a box is outside");
    }
    const heading = page.locator("#reading .block", { hasText: /^Summary$/ });
    await heading.hover();
    await picture(page, "result");
    const n = await heading.getAttribute("data-block");
    same(await page.locator("#sheet .on").getAttribute("data-block"), n, "box of the text under the pointer");
    same(await heading.getAttribute("data-label"), "Heading 2", "label");
    await page.locator("#sheet .box.figure").hover();
    same(await page.locator("#reading .on").count(), 1, "texts of the box under the pointer");
    check(await page.locator("#reading .on svg image").count() === 1, "the figure is not shown");
    await page.mouse.move(5, 5);
    same(await page.locator(".on").count(), 0, "marked with the pointer elsewhere");
    await page.uncheck("#show-boxes");
    same(await boxes.first().evaluate((box) => getComputedStyle(box).strokeOpacity), "0", "boxes switched off");
    await page.selectOption("#page", { value: "1" });
    check((await page.textContent("#reading")).includes("Building a basin"), "page 2");
    same(await page.locator("#reading table tr").count(), 6, "rows of the table");
    same(await page.locator("#reading ol li").first().evaluate((item) => item.value), 1, "number of an item");
    await page.click("#tab-source");
    check((await page.textContent("#markdown")).includes("| Season | Storms |"), "markdown of the page");
    await close(page);
  },

  async "it can be used without a mouse"(address) {
    const page = await open(address);
    await page.waitForSelector("#languages label");
    const focused = () => page.evaluate(() => document.activeElement.id);
    // The browser is told by the way that somebody listens; a chooser that opens before that is not heard of.
    page.on("filechooser", () => {});
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    same(await focused(), "file", "second stop of the keyboard");
    check(await page.locator("#drop").evaluate((drop) => getComputedStyle(drop).outlineStyle) === "solid", "focus is not seen");
    const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.keyboard.press("Space")]);
    await chooser.setFiles(REPORT);
    same(await focused(), "go", "focus with a file chosen");
    await page.keyboard.press("Enter");
    await finished(page);
    same(await focused(), "result-title", "focus on the result");
    await page.keyboard.press("ArrowRight");
    same(await page.inputValue("#page"), "1", "page after the right arrow");
    same(await page.textContent("#said"), "Page 2", "what is said");
    await page.keyboard.press("ArrowLeft");
    for (let stops = 0; !(await page.evaluate(() => document.activeElement.closest("#reading"))); stops += 1) {
      check(stops < 20, "the text cannot be reached");
      await page.keyboard.press("Tab");
    }
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    const on = page.locator("#sheet .on");
    same(await on.getAttribute("data-block"), await page.evaluate(() => document.activeElement.dataset.block), "box of the focused block");
    await page.keyboard.press("Escape");
    same(await on.count(), 0, "boxes after Escape");
    await page.focus("#tab-read");
    await page.keyboard.press("ArrowRight");
    same(await focused(), "tab-source", "tab after the right arrow");
    check(await page.isVisible("#markdown"), "the tab does not open");
    const nameless = await page.evaluate(() => [...document.querySelectorAll("input, select, button")]
      .filter((it) => !it.labels?.length && !it.getAttribute("aria-label") && !it.textContent.trim()).map((it) => it.id));
    same(nameless.join(), "", "without a name");
    await close(page);
  },

  async "pages are told as they are read, and Escape cancels"(address) {
    const page = await open(address);
    const lines = Array.from({ length: 20 }, (_, n) => `This is line ${n} of a page that takes some time.`);
    const long = { name: "long.pdf", mimeType: "application/pdf", buffer: pdf(Array(60).fill(lines)) };
    await page.selectOption("#ocr", "force");
    await page.setInputFiles("#file", long);
    await page.click("#go");
    await page.waitForFunction(() => /^[3-9] of 60 pages read$/.test(document.querySelector("#stage").textContent), null, { timeout: 60_000, polling: 20 });
    await picture(page, "progress");
    const done = await page.evaluate(() => document.querySelector("#bar").value);
    check(done >= 3 && await page.locator("#cells .done").count() >= 3, "progress is not shown");
    same(await page.locator("#cells i").count(), 60, "cells");
    await page.keyboard.press("Escape");
    await page.waitForSelector("#notice:not([hidden])");
    same(await page.textContent("#notice-title"), "Cancelled", "notice");
    // The pages under way are finished first, which takes seconds where the machine is busy; all 60 take minutes.
    for (let tries = 0; ; tries += 1) {
      const metrics = await (await fetch(`${address}/metrics`)).text();
      if (metrics.includes("recto_reads_running 0\n")) break;
      check(tries < 400, "the read goes on");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await close(page);
  },

  async "a hostile document is text and nothing else"(address) {
    const page = await open(address);
    const attacks = [
      "<script>window.taken = 1</script>",
      "<img src=x onerror=window.taken=1>",
      "[press here](javascript:window.taken=1)",
      "![seen](https://example.org/seen.png)",
      "<a href=javascript:window.taken=1>press</a>",
      "</pre></svg><svg onload=window.taken=1>",
    ];
    const name = "<img src=x onerror=window.taken=1>.pdf";
    await readFile(page, { name, mimeType: "application/pdf", buffer: pdf([attacks.flatMap((line) => [line, ""])]) });
    const text = await page.textContent("#reading");
    for (const attack of attacks) check(text.includes(attack), `${attack} is not shown as it is`);
    same(await page.textContent("#result-title"), name, "name");
    await page.click("#tab-source");
    check((await page.textContent("#markdown")).includes("javascript:window.taken=1"), "markdown");
    same(await page.locator("#result :is(a, img, script, iframe)").count(), 0, "elements made by the document");
    same(await page.evaluate(() => window.taken), undefined, "the page was taken");
    // What is downloaded is as harmless.
    const { content } = await downloaded(page, "html");
    const other = await page.context().newPage();
    await other.setContent(content.toString());
    same(await other.locator(":is(a, img, script, svg)").count(), 0, "elements in the HTML file");
    same(await other.evaluate(() => window.taken), undefined, "the HTML file was taken");
    // And if the page's script had a hole, the browser would not let text through it.
    const refused = await page.evaluate(() => {
      try {
        document.body.innerHTML = "<b>markup</b>";
        return "";
      } catch (error) {
        return error.name;
      }
    });
    same(refused, "TypeError", "markup made of text");
    page.errors = page.errors.filter((error) => !/TrustedHTML/.test(error));
    await close(page);
  },

  async "errors are told beside what they are about"(address) {
    const page = await open(address);
    const told = async (title, field) => {
      await page.waitForFunction((title) => !document.querySelector("#notice").hidden && document.querySelector("#notice-title").textContent === title, title);
      same(await page.evaluate(() => document.querySelector("[aria-invalid=true]")?.id), field, `field of “${title}”`);
    };
    await page.click("#go");
    await told("Choose a document first", "file");
    await page.setInputFiles("#file", testdata("pages/encrypted.pdf"));
    await page.click("#go");
    await told("This PDF has a password", "password");
    await page.fill("#password", "guess");
    await page.click("#go");
    await told("That password does not open this PDF", "password");
    await page.setInputFiles("#file", testdata("broken/truncated.pdf"));
    await page.click("#go");
    await told("This file cannot be read", "file");
    await picture(page, "error");
    await page.setInputFiles("#file", REPORT);
    await page.fill("#pages", "1, 9");
    await page.click("#go");
    await told("There are no such pages", "pages");
    same(await page.textContent("#notice-detail"), "page 9 was asked for; the document has 2", "detail");
    await page.fill("#pages", "2");
    await page.click("#go");
    await finished(page);
    check((await page.textContent("#facts")).startsWith("1 of 2 pages"), "one page of two");
    await close(page);
  },

  async "a scan is dropped, read in its language, and copied"(address) {
    const page = await open(address, { permissions: ["clipboard-read", "clipboard-write"] });
    await page.click("text=Swedish");
    const { readFileSync } = await import("node:fs");
    const data = readFileSync(testdata("pages/swedish-scan.png")).toString("base64");
    const dropped = await page.evaluateHandle((data) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], "scan.png", { type: "image/png" }));
      return transfer;
    }, data);
    await page.dispatchEvent("main", "drop", { dataTransfer: dropped });
    await page.click("#go");
    await finished(page);
    await page.click("#copy");
    await page.waitForFunction(() => /Copied/.test(document.querySelector("#copy").textContent));
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    check(copied.startsWith("# Råd för svampplockare\n"), copied);
    check(/% sure/.test(await page.textContent("#facts")), "how sure it is");
    const { name, content } = await downloaded(page, "pdf");
    same(name, "scan.pdf", "name of the PDF");
    const text = execFileSync(recto, ["read", "--quiet", "-"], { input: content }).toString();
    check(text.includes("kantarellerna"), "the PDF cannot be searched");
    await page.click("#new");
    check(await page.isVisible("#drop"), "back to the start");
    await close(page);
  },

  async "dark, narrow and without motion"(address) {
    for (const colorScheme of ["light", "dark"]) {
      const page = await open(address, { colorScheme, reducedMotion: "reduce", viewport: { width: 360, height: 740 } });
      await page.waitForSelector("#languages label");
      const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
      check(await fits(), "the start is wider than the screen");
      const readable = async (...selectors) => {
        for (const selector of selectors) {
          const ratio = await page.evaluate(contrast, selector);
          check(ratio >= 4.5, `${selector} has a contrast of ${ratio.toFixed(2)} in the ${colorScheme}`);
        }
      };
      await readable("h1", ".lead", ".hint", ".drop-hint", "#go", ".top a", ".chips label", "#ocr");
      await page.click("#go");
      await readable("#notice-title", "#notice-fix");
      await readFile(page, REPORT);
      check(await fits(), "the result is wider than the screen");
      await page.focus("#reading [data-block]");
      await readable("#result-title", "#facts", "#copy", "[data-format=md]", "#tab-read", "#tab-source", ".legend li", ".block.on", ".block.furniture");
      const dark = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      same(dark === "rgb(22, 23, 26)", colorScheme === "dark", `background ${dark} in the ${colorScheme}`);
      same(await page.locator("#copy").evaluate((button) => getComputedStyle(button).transitionDuration), "0s", "motion");
      await picture(page, `narrow-${colorScheme}`);
      await page.setViewportSize({ width: 1440, height: 900 });
      await picture(page, `wide-${colorScheme}`);
      await close(page);
    }
  },
};

const own = {
  async "a key is asked for, and kept for the tab"() {
    await serving(async (address) => {
      const page = await open(address);
      await page.waitForSelector("#key-dialog[open]");
      await picture(page, "key");
      const type = async (key) => {
        await page.fill("#key", key);
        await page.keyboard.press("Enter");
      };
      await type("a-wrong-key-of-mine");
      await page.waitForFunction(() => /not one of this server's/.test(document.querySelector("#key-hint").textContent));
      await type(KEY);
      await page.waitForSelector("#languages label");
      await page.reload();
      await page.waitForSelector("#languages label");
      await readFile(page, REPORT);
      await close(page);
    }, { keys: KEY });
  },

  async "a file that is too large, a server that is busy, and one that is gone"() {
    await serving(async (address, server) => {
      const page = await open(address);
      await page.waitForSelector("#languages label");
      const title = async (wanted) => page.waitForFunction((wanted) => document.querySelector("#notice-title").textContent === wanted, wanted);
      await page.setInputFiles("#file", { name: "large.pdf", mimeType: "application/pdf", buffer: Buffer.alloc(1_500_000) });
      await page.click("#go");
      await title("The file is too large");
      check(/1\.0 MB/.test(await page.textContent("#notice-fix")), "how large it may be");
      await page.setInputFiles("#file", REPORT);
      await page.click("#go");
      await finished(page);
      await page.click("#new");
      await page.setInputFiles("#file", REPORT);
      await page.click("#go");
      await title("You have read as much as this server allows for now");
      check(/^Try again in \d+ seconds?\.$/.test(await page.textContent("#notice-fix")), "when to try again");
      server.kill();
      await new Promise((resolve) => server.once("exit", resolve));
      await page.click("#go");
      await title("The server cannot be reached");
      await close(page);
    }, { args: ["--max-body-mb", "1", "--key-requests", "1"] });
  },
};

let failed = 0;
const run = async (name, test) => {
  try {
    await test();
    console.log(`  ok: ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`  FAILED: ${name}: ${error.stack}`);
  }
};
const only = process.argv[5];
const wanted = (list) => Object.entries(list).filter(([name]) => !only || name.includes(only));
await serving(async (address) => {
  for (const [name, test] of wanted(tests)) await run(name, () => test(address));
});
for (const [name, test] of wanted(own)) await run(name, test);
await browser.close();
process.exit(failed === 0 ? 0 : 1);
