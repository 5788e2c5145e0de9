// What was read: pages with boxes, the text beside, warnings, files.

const MEDIA = { md: 'text/markdown', json: 'application/json', html: 'text/html', pdf: 'application/pdf' };

/** The document that is shown. */
let shown = null;

function newResult(file) {
  shown = { file, about: null, pages: [], files: {}, warnings: new Map(), at: -1, block: null, seconds: null };
  $('result-title').textContent = file.name;
  $('page').replaceChildren();
  $('notes').hidden = true;
  $('notes').open = false;
  for (const button of document.querySelectorAll('[data-format]')) button.disabled = true;
  $('copy').disabled = true;
}

const KINDS = { heading: 'Headings', 'text-like': 'Text', list: 'Lists', table: 'Tables', figure: 'Figures', code: 'Code, formulas', furniture: 'Page headers, footers' };

/** What the colours on a page mean. */
function showLegend(page) {
  const there = new Set(page.blocks.map((block) => kindOf(block)[0].split(' ')[0]));
  const kinds = Object.entries(KINDS).filter(([kind]) => there.has(kind));
  $('legend').replaceChildren(...kinds.map(([kind, label]) => element('li', { class: kind }, label)));
}

function addPage(page) {
  if (page.image && !page.image.startsWith('data:image/jpeg;base64,')) page.image = null;
  shown.pages.push(page);
  $('page').append(element('option', { value: shown.pages.length - 1 }, String(page.index + 1)));
  if (shown.at < 0) showPage(0);
  updatePager();
}

function showPage(at) {
  const page = shown.pages[at];
  if (!page) return;
  shown.at = at;
  drawSheet($('sheet'), page, `Page ${page.index + 1}`);
  showLegend(page);
  $('reading').replaceChildren(readingOf(page));
  $('markdown').textContent = page.markdown || '(nothing)';
  for (const pane of ['sheet-scroll', 'reading', 'source']) $(pane).scrollTop = 0;
  $('page').value = String(at);
  choose(null);
  const first = blocks()[0];
  if (first) first.tabIndex = 0;
  updatePager();
}

function turn(by) {
  const at = shown.at + by;
  if (!shown.pages[at]) return;
  const within = $('reading').contains(document.activeElement);
  showPage(at);
  if (within) blocks()[0]?.focus({ preventScroll: true });
  say(`Page ${shown.pages[at].index + 1}`);
}

function updatePager() {
  $('previous').disabled = shown.at <= 0;
  $('next').disabled = shown.at >= shown.pages.length - 1;
  $('page-count').textContent = shown.about ? `of ${shown.about.pages}` : '';
}

const blocks = () => [...$('reading').querySelectorAll('[data-block]')];

/** Marks a block on both sides; `from` is the side that asked, which stays where it is. */
function choose(n, from) {
  shown.block = n;
  for (const on of document.querySelectorAll('#sheet .on, #reading .on')) on.classList.remove('on');
  if (n === null) return;
  const box = $('sheet').querySelector(`.box[data-block="${n}"]`);
  const text = $('reading').querySelector(`[data-block="${n}"]`);
  box?.classList.add('on');
  text?.classList.add('on');
  if (from !== 'sheet') reveal($('sheet-scroll'), box);
  if (from !== 'reading') reveal($('reading'), text);
}

/** Scrolls a pane, and only that, until an element in it can be seen. */
function reveal(pane, inner) {
  if (!inner || pane.hidden || pane.scrollHeight <= pane.clientHeight) return;
  const [outer, rect] = [pane.getBoundingClientRect(), inner.getBoundingClientRect()];
  const margin = 24;
  let by = 0;
  if (rect.top < outer.top + margin) by = rect.top - outer.top - margin;
  else if (rect.bottom > outer.bottom - margin) by = Math.min(rect.bottom - outer.bottom + margin, rect.top - outer.top - margin);
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  if (by) pane.scrollBy({ top: by, behavior: calm ? 'auto' : 'smooth' });
}

function addWarning({ message, page }) {
  const pages = shown.warnings.get(message) ?? [];
  if (page != null && !pages.includes(page + 1)) pages.push(page + 1);
  shown.warnings.set(message, pages);
  const count = shown.warnings.size;
  $('notes-title').textContent = count === 1 ? '1 warning' : `${count} warnings`;
  $('notes-list').replaceChildren(...[...shown.warnings].map(([text, on]) => {
    const listed = on.length > 12 ? `${on.slice(0, 12).join(', ')} …` : on.join(', ');
    const where = on.length === 0 ? '' : on.length === 1 ? `Page ${listed}: ` : `Pages ${listed}: `;
    return element('li', {}, where + text);
  }));
  $('notes').hidden = false;
}

function addFile({ format, text, base64, same }) {
  shown.files[format] = same ? shown.file : text ?? Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const button = document.querySelector(`[data-format="${format}"]`);
  if (button) button.disabled = false;
  if (format === 'pdf') button.title = same ? 'Your file: its text can be searched as it is' : 'What was recognised, as invisible text behind the pages';
  if (format === 'md') $('copy').disabled = false;
}

function updateFacts() {
  const { about, seconds } = shown;
  const facts = [];
  if (about) {
    facts.push(about.read === about.pages ? plural(about.pages, 'page') : `${about.read} of ${plural(about.pages, 'page')}`);
    const language = about.language && languageName(about.language);
    if (language) facts.push(language);
    if (about.confidence != null) facts.push(`OCR ${Math.round(100 * about.confidence)} % sure`);
    if (about.status === 'partial') facts.push('some pages are missing, see the warnings');
  }
  facts.push(seconds == null ? 'showing pages …' : `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`);
  $('facts').textContent = facts.join(' · ');
}

function languageName(tag) {
  try {
    return new Intl.DisplayNames(['en'], { type: 'language' }).of(tag);
  } catch {
    return tag;
  }
}

const plural = (count, word) => `${count} ${word}${count === 1 ? '' : 's'}`;

function download(format) {
  const content = shown.files[format];
  const stem = shown.file.name.replace(/\.[^.]*$/, '') || 'document';
  const link = element('a', { download: `${stem}.${format}` });
  const address = URL.createObjectURL(new Blob([content], { type: MEDIA[format] }));
  link.href = address;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

async function copy(text, button) {
  let done = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Browsers have a clipboard for pages of this machine and of https alone.
    const area = element('textarea', { class: 'hidden', 'aria-hidden': 'true' });
    area.value = text;
    document.body.append(area);
    area.select();
    done = document.execCommand('copy');
    area.remove();
    button.focus();
  }
  const label = button.dataset.says ??= button.textContent;
  button.textContent = done ? 'Copied ✓' : 'Not copied';
  say(done ? 'Copied' : 'The browser did not let this page copy');
  setTimeout(() => { button.textContent = label; }, 1600);
}

/** Tells those who hear the page. */
function say(text) {
  $('said').textContent = text;
}

function showTab(source) {
  for (const [tab, panel, on] of [['tab-read', 'reading', !source], ['tab-source', 'source', source]]) {
    $(tab).setAttribute('aria-selected', String(on));
    $(tab).tabIndex = on ? 0 : -1;
    $(panel).hidden = !on;
  }
}

/** A block moved to by keys. */
function moveTo(from, to) {
  if (!to) return;
  from.tabIndex = -1;
  to.tabIndex = 0;
  to.focus({ preventScroll: true });
  reveal($('reading'), to);
}

document.addEventListener('mousemove', ({ target, movementX, movementY }) => {
  // What scrolls under a pointer that rests was not pointed at.
  if ($('result').hidden || (movementX === 0 && movementY === 0)) return;
  const there = target instanceof Element ? target.closest('#sheet [data-block], #reading [data-block]') : null;
  const n = there?.dataset.block ?? null;
  if (n !== shown.block) choose(n, there?.closest('#sheet, #reading').id);
});
$('reading').addEventListener('focusin', ({ target }) => choose(target.closest('[data-block]')?.dataset.block ?? null, 'reading'));
$('sheet').addEventListener('click', (event) => {
  const n = event.target.dataset.block;
  if (n === undefined) return;
  showTab(false);
  const to = $('reading').querySelector(`[data-block="${n}"]`);
  const from = blocks().find((block) => block.tabIndex === 0);
  if (from) moveTo(from, to);
});
$('reading').addEventListener('keydown', (event) => {
  const here = event.target.closest('[data-block]');
  if (!here || event.target !== here) return;
  const all = blocks();
  const at = all.indexOf(here);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
  if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  moveTo(here, all[to]);
});
document.querySelector('.tabs').addEventListener('keydown', (event) => {
  if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
  event.stopPropagation();
  const source = $('source').hidden;
  showTab(source);
  $(source ? 'tab-source' : 'tab-read').focus();
});
$('tab-read').addEventListener('click', () => showTab(false));
$('tab-source').addEventListener('click', () => showTab(true));
$('previous').addEventListener('click', () => turn(-1));
$('next').addEventListener('click', () => turn(1));
$('page').addEventListener('change', (event) => showPage(Number(event.target.value)));
$('show-boxes').addEventListener('change', (event) => $('sheet').classList.toggle('bare', !event.target.checked));
$('copy').addEventListener('click', (event) => copy(shown.files.md, event.currentTarget));
$('copy-page').addEventListener('click', (event) => copy(shown.pages[shown.at]?.markdown ?? '', event.currentTarget));
for (const button of document.querySelectorAll('[data-format]')) button.addEventListener('click', () => download(button.dataset.format));
