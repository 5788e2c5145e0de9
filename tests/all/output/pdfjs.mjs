// What pdf.js makes of a text layer: pdfjs.mjs PDF.MJS STEM. Every word that recto recognised is to
// be found in the text of its page as Firefox searches it.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [library, stem] = process.argv.slice(2);
const { getDocument, VerbosityLevel } = await import(pathToFileURL(resolve(library)));
const plain = (text) => text.normalize("NFKC").replace(/\p{Cf}/gu, "");
const read = JSON.parse(readFileSync(`${stem}.json`, "utf8"));
const pdf = await getDocument({
  data: new Uint8Array(readFileSync(`${stem}.pdf`)),
  verbosity: VerbosityLevel.ERRORS,
  useSystemFonts: false,
}).promise;
let [found, total] = [0, 0];
const missed = [];
for (const page of read.pages) {
  const content = await (await pdf.getPage(page.index + 1)).getTextContent();
  const text = plain(content.items.map((item) => item.str + (item.hasEOL ? "\n" : "")).join(""));
  for (const word of page.words) {
    const wanted = plain(word.text);
    if (word.origin !== "ocr" || wanted.length < 2 || !/^[\p{L}\p{N}\p{M}]+$/u.test(wanted)) continue;
    total += 1;
    if (text.includes(wanted)) found += 1;
    else missed.push(wanted);
  }
}
if (total < 15 || found < 0.95 * total) {
  console.error(`pdfjs.mjs: ${found} of ${total} words are found; not: ${missed.slice(0, 20)}`);
  process.exit(1);
}
