// A page's blocks as elements. All that a document says goes through text nodes: it can be anything.

const $ = (id) => document.getElementById(id);

/** An element with attributes of this script's own, and children that are elements or text. */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function drawn(tag, attributes) {
  const made = document.createElementNS($('sheet').namespaceURI, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

const ROLES = {
  heading: ['heading', 'Heading'],
  paragraph: ['text-like', 'Text'],
  list_item: ['list', 'List item'],
  table: ['table', 'Table'],
  figure: ['figure', 'Figure'],
  caption: ['text-like caption', 'Caption'],
  code: ['code', 'Code'],
  formula: ['code', 'Formula'],
  footnote: ['text-like footnote', 'Footnote'],
  page_header: ['furniture', 'Page header'],
  page_footer: ['furniture', 'Page footer'],
};

const kindOf = (block) => ROLES[block.role] ?? ['text-like', 'Text'];

function labelOf(block) {
  const sure = block.confidence == null ? '' : ` · ${Math.round(100 * block.confidence)} % sure`;
  const level = block.role === 'heading' ? ` ${block.level}` : '';
  return kindOf(block)[1] + level + sure;
}

const RIGHT_TO_LEFT = /^[^\p{L}]*[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}]/u;

function textOf(block) {
  return block.text.trim();
}

/** Marks an element as the one of a block. */
function tied(made, block, n) {
  made.classList.add('block', ...kindOf(block)[0].split(' '));
  made.dataset.block = n;
  made.dataset.label = labelOf(block);
  made.tabIndex = -1;
  if (RIGHT_TO_LEFT.test(block.text)) made.dir = 'rtl';
  return made;
}

/** The blocks of a page in reading order. */
function readingOf(page) {
  const out = document.createDocumentFragment();
  let lists = [];
  page.blocks.forEach((block, n) => {
    if (block.role === 'list_item') {
      lists = addItem(out, lists, block, n);
      return;
    }
    lists = [];
    out.append(tied(element('div', {}, contentOf(block, page)), block, n));
  });
  if (page.blocks.length === 0) out.append(element('p', { class: 'none' }, 'Nothing was found on this page.'));
  return out;
}

function contentOf(block, page) {
  const text = textOf(block);
  switch (block.role) {
    case 'heading': return element(`h${Math.min(Math.max(block.level, 1), 6)}`, {}, text);
    case 'code': return element('pre', {}, element('code', {}, block.text.replace(/^\n+|\n+$/g, '')));
    case 'table': return element('div', { class: 'wide' }, tableOf(block.cells));
    case 'figure': return figureOf(block, page);
    default: return element('p', {}, text);
  }
}

/** Adds an item to the lists that are open, the innermost last, and gives those that are then. */
function addItem(out, lists, block, n) {
  const marker = block.marker.number ?? block.marker.letter ?? '';
  const number = /^(\d{1,9})\.$/.exec(marker)?.[1];
  const tag = number ? 'ol' : 'ul';
  const plain = marker && !number;
  // No list begins more than one level below the item that it belongs to.
  const level = Math.min(block.depth, lists.length);
  const open = lists.slice(0, level + 1);
  const top = open[level];
  if (!top || top.tagName.toLowerCase() !== tag || top.classList.contains('marked') !== Boolean(plain)) {
    const list = element(tag, plain ? { class: 'marked' } : {});
    const parent = level > 0 ? open[level - 1].lastElementChild : out;
    parent.append(list);
    open[level] = list;
  }
  const item = element('li', {}, plain ? `${marker} ${textOf(block)}` : textOf(block));
  if (number) item.value = Number(number);
  open[level].append(tied(item, block, n));
  return open;
}

function tableOf(cells) {
  const table = element('table');
  let row = null;
  let at = -1;
  for (const cell of cells) {
    while (at < cell.row) {
      row = table.insertRow();
      at += 1;
    }
    const made = element(cell.header ? 'th' : 'td', {}, cell.text);
    made.rowSpan = cell.rows;
    made.colSpan = cell.columns;
    row.append(made);
  }
  return table;
}

/** A figure is the part of the page's image that it stands on. */
function figureOf(block, page) {
  const out = document.createDocumentFragment();
  const [left, top, right, bottom] = block.box;
  const [width, height] = [Math.max(right - left, 1), Math.max(bottom - top, 1)];
  if (page.image) {
    const picture = drawn('svg', { viewBox: `${left} ${top} ${width} ${height}`, class: 'picture', role: 'img', 'aria-label': 'Figure' });
    // As large as it is in print, a point being 1/72 inch and a pixel 1/96.
    picture.setAttribute('width', Math.round(width * 96 / 72));
    picture.append(imageOf(page));
    out.append(picture);
  }
  if (textOf(block)) out.append(element('details', {}, element('summary', {}, 'Text in the figure'), element('p', {}, textOf(block))));
  if (!out.hasChildNodes()) out.append(element('p', { class: 'none' }, 'Figure'));
  return out;
}

function imageOf(page) {
  return drawn('image', { href: page.image, width: page.width, height: page.height, preserveAspectRatio: 'none' });
}

/** Fills the sheet with a page's image and boxes. */
function drawSheet(sheet, page, name) {
  sheet.setAttribute('viewBox', `0 0 ${page.width} ${page.height}`);
  sheet.setAttribute('aria-label', `${name}, with the boxes of its blocks`);
  sheet.replaceChildren(...(page.image ? [imageOf(page)] : []));
  page.blocks.forEach((block, n) => {
    const [x, y, right, bottom] = block.box;
    const box = drawn('rect', { x, y, width: Math.max(right - x, 1), height: Math.max(bottom - y, 1) });
    box.setAttribute('class', `box ${kindOf(block)[0]}`);
    box.dataset.block = n;
    sheet.append(box);
  });
}
