// What the page asks the server, and what it says where that goes wrong.

const KEY = 'recto-key';
let keyHere = null;

function storedKey() {
  try {
    return keyHere ?? sessionStorage.getItem(KEY);
  } catch {
    return keyHere;
  }
}

function storeKey(key) {
  keyHere = key;
  try {
    sessionStorage.setItem(KEY, key);
  } catch {
    // Some browsers keep nothing for some pages; then it is asked for again.
  }
}

/** Something that the server said no to: its code, its words, seconds until trying again makes sense. */
class Refusal extends Error {
  constructor(code, message, wait = null) {
    super(message);
    this.code = code;
    this.wait = wait;
  }
}

/** Asks the server, with the key if there is one; asks for a key where one is needed. */
async function ask(path, init = {}) {
  for (let tries = 0; ; tries += 1) {
    const key = storedKey();
    const headers = key ? { 'X-Api-Key': key } : {};
    let response;
    try {
      response = await fetch(path, { ...init, headers, cache: 'no-store' });
    } catch (error) {
      if (error.name === 'AbortError') throw error;
      throw new Refusal('unreachable', String(error.message));
    }
    if (response.ok) return response;
    const refusal = await refusalOf(response);
    if (refusal.code !== 'unauthorized') throw refusal;
    const given = await askForKey(key !== null, init.signal);
    if (given === null) throw refusal;
    storeKey(given);
  }
}

async function refusalOf(response) {
  const wait = Number(response.headers.get('Retry-After')) || null;
  try {
    const { error } = await response.json();
    return new Refusal(error.code, error.message, wait);
  } catch {
    // Not this server's words: a proxy's, say.
    const code = response.status === 413 ? 'request_too_large' : response.status === 401 ? 'unauthorized' : 'unknown';
    return new Refusal(code, `The answer was ${response.status} ${response.statusText}`.trim(), wait);
  }
}

/** A key that somebody types, or null. */
function askForKey(wasWrong, signal) {
  const dialog = $('key-dialog');
  $('key-hint').textContent = wasWrong
    ? "That key is not one of this server's. Look for spaces or missing letters, or ask whoever runs it."
    : 'Whoever runs it gave you one. It is kept until you close this tab.';
  $('key').value = '';
  $('key').setAttribute('aria-invalid', String(wasWrong));
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    signal?.addEventListener('abort', () => dialog.close(), { once: true });
    dialog.addEventListener('close', () => resolve(dialog.returnValue || null), { once: true });
  });
}

$('key-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const key = $('key').value.trim();
  if (key) $('key-dialog').close(key);
});
$('key-cancel').addEventListener('click', () => $('key-dialog').close());

/** Reads a form's document; `on` is called with each event. */
async function readDocument(form, signal, on) {
  const response = await ask('ui/read', { method: 'POST', body: form, signal });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let parts = [];
  let last = null;
  const take = (line) => {
    last = JSON.parse(line);
    if (last.event === 'error') throw new Refusal(last.code, last.message);
    on(last);
  };
  for (;;) {
    let piece;
    try {
      piece = await reader.read();
    } catch (error) {
      if (error.name === 'AbortError') throw error;
      throw new Refusal('cut_off', String(error.message));
    }
    if (piece.done) break;
    // A line may come in many pieces: they are put together once.
    const lines = piece.value.split('\n');
    while (lines.length > 1) {
      parts.push(lines.shift());
      take(parts.join(''));
      parts = [];
    }
    parts.push(lines[0]);
  }
  if (last?.event !== 'done') throw new Refusal('cut_off', 'The server ended the answer early.');
}

const bytes = (count) => (count < 1e6 ? `${Math.max(1, Math.round(count / 1e3))} kB` : `${(count / 1e6).toFixed(count < 1e7 ? 1 : 0)} MB`);

/** What happened, and what to do about it; the field that is to blame, and whether the server's own words add something. */
function wordsFor(refusal, limit) {
  const soon = refusal.wait ? `Try again in ${refusal.wait} second${refusal.wait === 1 ? '' : 's'}.` : 'Try again in a while.';
  switch (refusal.code) {
    case 'password_missing': return { title: 'This PDF has a password', fix: 'Type it here, and read again.', field: 'password' };
    case 'password_wrong': return { title: 'That password does not open this PDF', fix: 'Mind capital letters, and try again.', field: 'password' };
    case 'invalid_document': return { title: 'This file cannot be read', fix: 'Is it a PDF or an image, and does it open in other programs? If it does, save it anew there and choose the new file.', field: 'file', detail: true };
    case 'request_too_large':
      return /pages were asked for/.test(refusal.message)
        ? { title: 'The document has too many pages', fix: 'Name some of them.', field: 'pages', detail: true }
        : { title: 'The file is too large', fix: `This server takes ${limit ? bytes(limit) : 'less'} at most. Split the document or make its images smaller; whoever runs the server can allow more (--max-body-mb).`, field: 'file' };
    case 'rate_limited': return { title: 'You have read as much as this server allows for now', fix: soon, detail: true };
    case 'overloaded': return { title: 'The server is busy', fix: soon, detail: true };
    case 'unauthorized': return { title: 'This server asks for a key', fix: 'Without one it reads nothing. Press the button again to type it.' };
    case 'forbidden': return { title: 'The server takes no documents from this address', fix: "Open this page under the server's own address. A proxy in front of it has to pass on the Host header.", detail: true };
    case 'invalid_request':
      return /^pages?\b/.test(refusal.message)
        ? { title: 'There are no such pages', fix: 'Write numbers from 1 and ranges of them, as in 1-3, 8.', field: 'pages', detail: true }
        : { title: 'An option cannot be used', fix: 'Change it, and read again.', detail: true };
    case 'timeout':
    case 'request_timeout': return { title: 'It took too long', fix: 'Choose fewer pages, or try again when less is going on.', detail: true };
    case 'not_installed': return { title: 'Something is missing on the server', fix: 'Whoever runs it finds out what with: recto doctor', detail: true };
    case 'not_implemented': return { title: 'This server reads no documents for this page', fix: 'It was started without an engine of its own.', detail: true };
    case 'unreachable': return { title: 'The server cannot be reached', fix: 'Is it still running? Has the file changed since you chose it? If so, choose it again.', detail: true };
    case 'cut_off': return { title: 'The answer ended early', fix: 'The server or the connection went away. Try again.', detail: true };
    default: return { title: 'The document was not read', fix: 'Try again; if it happens again, the log of the server says more.', detail: true };
  }
}
