"""A `recto serve` under load: how it is asked, and what it holds while it runs (Linux: /proc)."""

import base64
import collections
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT / "testdata"
# Lines of the server's log that are shown when it fails.
LOG_LINES = 40
MARK = "x-boundary-of-a-form"


class Lost(Exception):
    """No answer: the connection was refused, reset or closed, or it took too long."""


class Answer:
    def __init__(self, status, headers, body, seconds):
        self.status, self.headers, self.body, self.seconds = status, headers, body, seconds

    def json(self):
        return json.loads(self.body)


class Server:
    """`recto serve` on a port of its own, with folders of its own that end with it."""

    def __init__(self, recto, *args, env=None, folder=None, limits=None):
        self.folder = tempfile.TemporaryDirectory(prefix="recto-soak-") if folder is None else None
        self.home = pathlib.Path(self.folder.name if self.folder else folder)
        # Temporary files of the server and its children go here, to be counted.
        self.temporary = self.home / "tmp"
        self.temporary.mkdir(parents=True, exist_ok=True)
        command = [str(recto), "serve", "--listen", "127.0.0.1:0"]
        command += ["--files-dir", str(self.home / "files"), "--jobs-dir", str(self.home / "jobs"), *args]
        own = {key: value for key, value in os.environ.items() if not key.startswith("RECTO_KEYS")}
        # No recto.toml of this user's.
        own |= {"TMPDIR": str(self.temporary), "XDG_CONFIG_HOME": str(self.home / "config"), **(env or {})}
        self.process = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, errors="replace", cwd=ROOT, env=own, preexec_fn=limits
        )
        self.log = collections.deque(maxlen=LOG_LINES)
        for line in self.process.stderr:
            self.log.append(line)
            if found := re.search(r"http://(\S+)", line):
                self.address = found.group(1)
                break
        else:
            raise SystemExit("the server did not start:\n" + "".join(self.log))
        # A full pipe would hold the server up.
        threading.Thread(target=self._read_log, daemon=True).start()

    def _read_log(self):
        for line in self.process.stderr:
            self.log.append(line)

    def lives(self):
        return self.process.poll() is None

    def ask(self, method, path, body=None, headers=None, timeout=120):
        host, port = self.address.split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=timeout)
        begun = time.monotonic()
        try:
            connection.request(method, path, body, headers or {})
            reply = connection.getresponse()
            content = reply.read()
            return Answer(reply.status, reply.headers, content, time.monotonic() - begun)
        except (OSError, http.client.HTTPException) as error:
            waited = time.monotonic() - begun
            raise Lost(f"{method} {path}: {type(error).__name__} {error} after {waited:.1f} s") from error
        finally:
            connection.close()

    def post(self, path, value, timeout=120):
        return self.ask("POST", path, json.dumps(value), {"Content-Type": "application/json"}, timeout)

    def upload(self, path, field, name, content, fields=(), timeout=120):
        """A file as a form, with further fields."""
        body = b""
        for key, value in fields:
            body += f'--{MARK}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        disposition = f'Content-Disposition: form-data; name="{field}"; filename="{name}"'
        body += f"--{MARK}\r\n{disposition}\r\n\r\n".encode() + content + f"\r\n--{MARK}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={MARK}"}
        return self.ask("POST", path, body, kind, timeout)

    def connect(self):
        host, port = self.address.split(":")
        return socket.create_connection((host, int(port)), timeout=30)

    def end(self, sign=signal.SIGTERM, wait=60):
        """Ends it; gives its exit code. A server that does not end in time is killed, and that fails."""
        if self.lives():
            self.process.send_signal(sign)
        try:
            return self.process.wait(wait)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            if self.folder:
                self.folder.cleanup()

    def children(self):
        """Ids of the processes that it started, zombies among them."""
        return [pid for pid, (parent, _) in processes().items() if parent == self.process.pid]

    def zombies(self):
        return [pid for pid, (parent, state) in processes().items() if parent == self.process.pid and state == "Z"]

    def temporary_files(self):
        return sorted(str(path) for path in self.temporary.rglob("*") if not path.is_dir())

    def sample(self):
        """What it holds now."""
        children = self.children()
        return {
            "server_mb": memory(self.process.pid),
            "children_mb": sum(memory(pid) for pid in children),
            "children": len(children),
            "descriptors": descriptors(self.process.pid),
            "child_descriptors": sum(descriptors(pid) for pid in children),
            "threads": threads(self.process.pid),
            "temporary_files": len(self.temporary_files()),
        }

    def settled(self, seconds=20):
        """Waits until no read is under way; whether that came."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            text = self.ask("GET", "/metrics").body.decode()
            counts = re.findall(r"^recto_reads_(?:running|waiting) (\d+)$", text, re.M)
            if counts and not any(int(count) for count in counts):
                return True
            time.sleep(0.1)
        return False


def processes():
    """Of each process its parent and state."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                text = pathlib.Path("/proc", entry, "stat").read_text()
            except OSError:
                continue
            # The name, in parentheses, may hold anything.
            state, parent = text.rsplit(")", 1)[1].split()[:2]
            found[int(entry)] = (int(parent), state)
    return found


def status_field(pid, name):
    try:
        text = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(rf"^{name}:\s+(\d+)", text, re.M)
    return int(found.group(1)) if found else 0


def memory(pid):
    """Resident memory in MB."""
    return round(status_field(pid, "VmRSS") / 1024, 1)


def threads(pid):
    return status_field(pid, "Threads")


def descriptors(pid):
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


# How documents are sent: a name, and a function from (server, name, content, timeout) to an answer.


def base64_of(content):
    return base64.b64encode(content).decode()


def v1(server, name, content, timeout):
    document = {"type": "base64", "content": base64_of(content), "document_name": name}
    return server.post("/v1/ocr", {"model": "mistral-ocr-latest", "document": document}, timeout)


def v3(server, name, content, timeout):
    uri = "data:application/octet-stream;base64," + base64_of(content)
    document = {"type": "document_url", "document_url": uri, "document_name": name}
    return server.post("/v3/ocr", {"document": document, "include_image_base64": True}, timeout)


def docling_source(server, name, content, timeout):
    source = {"kind": "file", "base64_string": base64_of(content), "filename": name}
    options = {"to_formats": ["md", "json"]}
    return server.post("/v1/convert/source", {"sources": [source], "options": options}, timeout)


def docling_file(server, name, content, timeout):
    return server.upload("/v1/convert/file", "files", name, content, [("to_formats", "md")], timeout)


ENDPOINTS = [("v1", v1), ("v3", v3), ("docling source", docling_source), ("docling file", docling_file)]


def text_of(answer):
    """The markdown in an answer, whatever its dialect."""
    value = answer.json()
    if "document" in value:
        return value["document"].get("md_content") or ""
    if "pages" in value:
        return "\n".join(page.get("markdown", "") for page in value["pages"])
    return ""


def error_text(value):
    """The sentence of an error, whatever its dialect; empty where there is none."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "; ".join(filter(None, map(error_text, value)))
    if isinstance(value, dict):
        # Validation errors, messages, envelopes.
        for key in ("msg", "message", "error_message", "detail", "error", "errors"):
            if text := error_text(value.get(key)):
                return text
    return ""


def refusal(answer):
    """What is wrong with an answer that is no success; None where it is as it should be."""
    try:
        value = answer.json()
    except ValueError:
        return f"status {answer.status} without JSON: {answer.body[:200]!r}"
    if not error_text(value):
        return f"status {answer.status} without a sentence: {answer.body[:200]!r}"
    if answer.status in (429, 503) and not answer.headers.get("Retry-After"):
        return f"status {answer.status} without Retry-After"
    return None


def at_once(count, clients, work):
    """Calls work(0) … work(count - 1) on so many threads, in about this order."""
    numbers, lock, failed = iter(range(count)), threading.Lock(), []

    def client():
        while not failed:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            try:
                work(number)
            except BaseException as error:  # A thread's exception would be lost.
                failed.append(error)
                raise

    all_of_them = [threading.Thread(target=client) for _ in range(clients)]
    for thread in all_of_them:
        thread.start()
    for thread in all_of_them:
        thread.join()
    if failed:
        raise failed[0]


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


class Sampler:
    """Samples a server until it is ended."""

    def __init__(self, server, every):
        self.server, self.every, self.rows, self.stop = server, every, [], threading.Event()
        self.begun = time.monotonic()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.stop.wait(self.every):
            self.rows.append({"seconds": round(time.monotonic() - self.begun, 1), **self.server.sample()})

    def end(self):
        self.stop.set()
        self.thread.join()
        return self.rows
