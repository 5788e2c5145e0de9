"""Several workers on one queue while they are killed and the database restarts.

    chaos.py RECTO DATABASE RESTART [DOCUMENTS] [STORE]

RECTO is the program, DATABASE the address of an empty PostgreSQL database, RESTART a command that restarts
that database hard. A server that runs no jobs itself takes DOCUMENTS (500), three workers read them; every few
seconds one of the workers is killed with signal 9 and replaced. At the end every document has its
result, once, and it is the same as that of a read without a queue.
"""

import collections
import http.client
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORKERS = 3
# Seconds between two kills.
KILL_EVERY = (2.0, 4.0)
# No run takes so long on a busy machine.
PATIENCE = 900


def documents():
    """Small documents of several kinds: with a text layer, of several pages (which are read in parts), scans."""
    names = ["pages/letter.pdf", "pages/report.pdf", "ocr/text.png", "pages/photo.jpg", "pages/scan.pdf"]
    return [(name.split("/")[1], (ROOT / "testdata" / name).read_bytes()) for name in names]


class Server:
    """`recto serve` on a port of its own."""

    def __init__(self, recto, *args):
        command = [recto, "serve", "--listen", "127.0.0.1:0", *args]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT)
        for line in self.process.stderr:
            if "listening on " in line:
                self.address = urllib.parse.urlsplit(line.split("listening on ")[1].strip()).netloc
                break
        else:
            raise SystemExit("the server did not start")
        # Nobody reads the rest, and a full pipe would hold the server up.
        rest = self.process.stderr
        threading.Thread(target=lambda: collections.deque(rest, maxlen=0), daemon=True).start()

    def ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection(self.address, timeout=120)
        try:
            connection.request(method, path, body, headers or {})
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()

    def upload(self, path, name, content):
        return upload_of(self, path, name, content, {})

    def end(self):
        self.process.terminate()
        self.process.wait()


def upload_of(server, path, name, content, fields):
    """A document as a form with these fields."""
    mark = "x-boundary-of-a-form"
    body = b""
    for field, value in fields.items():
        body += f'--{mark}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode()
    body += f'--{mark}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'.encode()
    body += content + f"\r\n--{mark}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={mark}"}
    return server.ask("POST", path, body, headers)


def worker_of(recto, shared, *args):
    """A worker; what it says is not wanted."""
    command = [recto, "worker", *shared, *args]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd=ROOT)


def worker(recto, shared):
    """One that is going to be killed: a document is not set aside, it is not its fault."""
    options = ["--jobs", "1", "--at-once", "2", "--heartbeat", "1", "--part-pages", "1", "--tries", "50"]
    return worker_of(recto, shared, *options)


def main(recto, database, restart, count=500, store=None):
    folder = tempfile.TemporaryDirectory()
    store = store or pathlib.Path(folder.name).as_uri()
    shared = ["--queue", database, "--store", store]
    server = Server(recto, *shared)
    expected = {}
    kinds = documents()
    for name, content in kinds:
        status, reply = server.upload("/v1/convert/file", name, content)
        assert status == 200, reply
        expected[name] = json.loads(reply)["document"]["md_content"]
        assert expected[name].strip(), name

    ids = {}
    for at in range(int(count)):
        name, content = kinds[at % len(kinds)]
        status, reply = server.upload("/v1/convert/file/async", name, content)
        assert status == 200, reply
        ids[json.loads(reply)["task_id"]] = name
    assert len(ids) == int(count)

    workers = [worker(recto, shared) for _ in range(WORKERS)]
    rng = random.Random(7)
    started, kills, restarted = time.time(), 0, False
    next_kill = started + rng.uniform(*KILL_EVERY)
    left = dict(ids)
    ended = collections.Counter()
    while left:
        assert time.time() - started < PATIENCE, f"{len(left)} documents are not done: {ended}"
        if time.time() > next_kill:
            at = rng.randrange(WORKERS)
            workers[at].kill()
            workers[at].wait()
            workers[at] = worker(recto, shared)
            kills += 1
            next_kill = time.time() + rng.uniform(*KILL_EVERY)
        if not restarted and len(left) < int(count) * 2 / 3:
            subprocess.run(restart, shell=True, check=True, stdout=subprocess.DEVNULL)
            restarted = True
        for id in list(left)[:40]:
            status, reply = server.ask("GET", f"/v1/status/poll/{id}")
            if status != 200:
                break  # The database is away.
            state = json.loads(reply)["task_status"]
            if state in ("success", "failure"):
                ended[state] += 1
                del left[id]
        time.sleep(0.2)
    seconds = time.time() - started
    for process in workers:
        assert process.poll() is None, "a worker ended of itself"
        process.terminate()
    for process in workers:
        assert process.wait(timeout=60) == 0, process.returncode

    different = []
    for id, name in ids.items():
        status, reply = server.ask("GET", f"/v1/result/{id}")
        assert status == 200, (id, reply)
        result = json.loads(reply)
        if result["status"] != "success" or result["document"]["md_content"] != expected[name]:
            different.append((id, name, result["status"]))
    server.end()
    print(
        f"{len(ids)} documents, {ended['success']} done, {ended['failure']} failed, "
        f"{len(different)} different; {kills} kills, {int(restarted)} restart of the database, {seconds:.0f} s"
    )
    assert ended["success"] == len(ids) and not different, different[:5]
    assert restarted and kills > 3


if __name__ == "__main__":
    main(*sys.argv[1:])
