// The form, what goes on while a document is read, and the way between the three.

let offer = null;
let chosen = null;
let reading = null;
/** Languages in the order in which they were marked. */
let marked = [];

function show(section) {
  for (const id of ['start', 'progress', 'result']) $(id).hidden = id !== section;
  document.title = section === 'start' ? 'recto' : `${chosen.name} · recto`;
}

async function loadOffer() {
  offer = await (await ask('ui/options')).json();
  const languages = offer.languages.sort((a, b) => a.name.localeCompare(b.name));
  $('languages').replaceChildren(...languages.map(({ tag, name }) => {
    const input = element('input', { type: 'checkbox', value: tag });
    return element('label', {}, input, name, element('b', { 'aria-hidden': 'true' }));
  }));
  if (offer.languages.length === 0) {
    $('languages-hint').textContent = 'No models for OCR are installed on this server: scans cannot be read, PDFs with text can. (recto setup installs them.)';
  }
  const names = { auto: 'Automatic', tesseract: 'Tesseract' };
  $('engine').replaceChildren(...offer.engines.map((id) => element('option', { value: id }, names[id] ?? id)));
  if (!chosen) $('drop-hint').textContent = `PDF, PNG, JPEG, TIFF, WebP, BMP, GIF · up to ${bytes(offer.max_bytes)}`;
}

$('languages').addEventListener('change', ({ target }) => {
  marked = marked.filter((tag) => tag !== target.value);
  if (target.checked) marked.push(target.value);
  for (const label of $('languages').children) {
    const at = marked.indexOf(label.firstChild.value);
    label.lastChild.textContent = at < 0 || marked.length < 2 ? '' : String(at + 1);
  }
});

function chooseFile(file) {
  if (!file) return;
  chosen = file;
  clearNotice();
  $('drop').classList.add('full');
  $('drop-title').textContent = file.name;
  $('drop-hint').textContent = `${bytes(file.size)} · drop or choose another one`;
  $('password').value = '';
  $('pages').value = '';
  if (!$('start').hidden) $('go').focus();
}

/** Tells what went wrong beside what it is about. */
function notice({ title, fix, field, detail }, message) {
  const box = $('notice');
  for (const old of document.querySelectorAll('[aria-invalid=true]')) old.removeAttribute('aria-invalid');
  const input = field ? $(field) : null;
  (input ? input.closest('label') : document.querySelector('.go')).after(box);
  if (!input) document.querySelector('#ask > .go').before(box);
  box.classList.toggle('calm', field === undefined && title === 'Cancelled');
  $('notice-title').textContent = title;
  $('notice-fix').textContent = fix;
  $('notice-detail').textContent = detail ? message : '';
  box.hidden = false;
  if (input) {
    input.setAttribute('aria-invalid', 'true');
    input.setAttribute('aria-describedby', 'notice');
    input.focus();
  } else {
    box.focus();
  }
  box.scrollIntoView({ block: 'nearest' });
}

function clearNotice() {
  $('notice').hidden = true;
  for (const old of document.querySelectorAll('[aria-invalid=true]')) {
    old.removeAttribute('aria-invalid');
    old.removeAttribute('aria-describedby');
  }
}

function formOf() {
  const form = new FormData();
  for (const tag of marked) form.append('ocr_lang', tag);
  if ($('ocr').value === 'force') form.append('force_ocr', 'true');
  if ($('ocr').value === 'never') form.append('do_ocr', 'false');
  form.append('ocr_engine', $('engine').value);
  form.append('table_mode', $('tables').value);
  if ($('pages').value.trim()) form.append('pages', $('pages').value);
  if ($('password').value) form.append('password', $('password').value);
  form.append('files', chosen, chosen.name);
  return form;
}

async function start() {
  clearNotice();
  if (!chosen) {
    notice({ title: 'Choose a document first', fix: 'Drop a file above, or press Enter there to choose one.', field: 'file' });
    return;
  }
  if (offer && chosen.size > offer.max_bytes) {
    notice(wordsFor(new Refusal('request_too_large', ''), offer.max_bytes));
    return;
  }
  const mine = new AbortController();
  reading = mine;
  newResult(chosen);
  $('progress-title').textContent = chosen.name;
  $('stage').textContent = 'Sending …';
  $('bar').removeAttribute('value');
  $('cells').replaceChildren();
  show('progress');
  $('progress-title').focus();
  try {
    await readDocument(formOf(), mine.signal, onEvent);
  } catch (error) {
    if (reading !== mine) return;
    show('start');
    if (error.name === 'AbortError') notice({ title: 'Cancelled', fix: 'The server has stopped reading. The document is still chosen.' });
    else if (error instanceof Refusal) notice(wordsFor(error, offer?.max_bytes), error.message);
    else throw error;
  } finally {
    if (reading === mine) reading = null;
  }
}

/** Cells of pages are shown up to so many: further ones are told by the bar. */
const MOST_CELLS = 600;

function onEvent(event) {
  switch (event.event) {
    case 'queued': $('stage').textContent = 'Waiting for a turn …'; break;
    case 'started': $('stage').textContent = 'Opening the document …'; break;
    case 'opened':
      $('stage').textContent = `Reading ${plural(event.total, 'page')} …`;
      // Until the first page is done nobody knows how fast it goes: the bar has no value.
      $('bar').max = Math.max(event.total, 1);
      if (event.total <= MOST_CELLS) $('cells').replaceChildren(...Array.from({ length: event.total }, () => element('i')));
      break;
    case 'progress': {
      $('bar').value = event.done;
      $('stage').textContent = event.done < event.total ? `${event.done} of ${plural(event.total, 'page')} read` : 'Putting the pages together …';
      const cell = $('cells').children[event.done - 1];
      cell?.classList.add(event.failed ? 'failed' : 'done');
      break;
    }
    case 'document': shown.about = event; break;
    case 'warning': addWarning(event); break;
    case 'page':
      addPage(event);
      if (!$('progress').hidden) {
        show('result');
        $('result-title').focus();
      }
      updateFacts();
      break;
    case 'file': addFile(event); break;
    case 'done':
      shown.seconds = event.seconds;
      updateFacts();
      break;
  }
}

function again() {
  reading?.abort();
  reading = null;
  $('file').value = '';
  show('start');
  $('file').focus();
}

$('ask').addEventListener('submit', (event) => {
  event.preventDefault();
  start();
});
$('file').addEventListener('change', (event) => chooseFile(event.target.files[0]));
$('cancel').addEventListener('click', () => reading?.abort());
$('new').addEventListener('click', again);

// A document may be dropped anywhere, at any time.
const hasFile = (event) => [...(event.dataTransfer?.types ?? [])].includes('Files');
document.addEventListener('dragover', (event) => {
  if (!hasFile(event)) return;
  event.preventDefault();
  $('drop').classList.add('over');
});
document.addEventListener('dragleave', (event) => {
  if (!event.relatedTarget) $('drop').classList.remove('over');
});
document.addEventListener('drop', (event) => {
  if (!hasFile(event)) return;
  event.preventDefault();
  $('drop').classList.remove('over');
  if ($('start').hidden) again();
  chooseFile(event.dataTransfer.files[0]);
});

document.addEventListener('keydown', (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || $('key-dialog').open) return;
  if (event.key === 'Escape') {
    if (!$('progress').hidden) reading?.abort();
    else if (!$('result').hidden) choose(null);
    return;
  }
  if ($('result').hidden || event.target.closest('input, select, textarea')) return;
  if (event.key === 'ArrowLeft') turn(-1);
  if (event.key === 'ArrowRight') turn(1);
});

loadOffer().catch((error) => {
  if (error instanceof Refusal) notice(wordsFor(error), error.message);
});
