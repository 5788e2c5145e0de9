#!/usr/bin/env python3
"""What goes wrong around a `recto serve`, and what it owes its clients all the same.

    chaos.py RECTO [DOCUMENTS] [--only NAME,…] [SERVE_OPTION...]

children   its children are killed (and some stopped) at random while DOCUMENTS (500) are read: every page is
           delivered, the same as without, or reported by a warning
kill       the server itself is killed with signal 9: stored files and jobs are there again after a restart
ends       it is ended while it reads: what is under way is answered, and it exits with 0
slow       clients that send a byte now and then, or nothing: others are served, and what they hold is given back
halves     uploads that end in the middle: nothing of them stays
full       a disk without room (a small tmpfs; needs root): refused with 507 or another error, well again afterwards
clock      the clock of the machine jumps by days (libfaketime; Debian: faketime): requests and jobs end as ever

Jobs of a server that is killed again and again: tests/scaling/restarts.py. Workers on a shared queue and a database that
restarts: tests/scaling/chaos.py.
"""

import argparse
import collections
import glob
import os
import pathlib
import random
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

import made
from served import DATA, ENDPOINTS, MARK, Lost, Server, at_once, docling_file, error_text, text_of, v1

# A page that takes longer was stopped: none of these does.
PAGE_TIME = 4


class Skipped(Exception):
    """It cannot be tried here."""


def documents():
    """Names, contents and numbers of pages; scans are among them, so that children are killed in the middle."""
    found = [(f"{n} pages.pdf", made.prose(f"as {n}", pages=n), n) for n in (1, 4, 12)]
    found.append(("text.png", (DATA / "ocr" / "text.png").read_bytes(), 1))
    found.append(("tables.pdf", (DATA / "pages" / "tables.pdf").read_bytes(), None))
    return found


def pages_of(answer):
    return {page["index"]: page["markdown"] for page in answer.json()["pages"]}


def children(recto, count, options):
    server = Server(recto, "--page-timeout", str(PAGE_TIME), *options)
    kinds, rng, lock = documents(), random.Random(7), threading.Lock()
    tallies, wrong, over = collections.Counter(), [], threading.Event()

    def killer():
        while not over.wait(rng.uniform(0.2, 0.6)):
            alive = server.children()
            if alive:
                # One that is stopped hangs until its page's time is over.
                sign = signal.SIGSTOP if tallies["killed"] % 20 == 19 else signal.SIGKILL
                try:
                    os.kill(rng.choice(alive), sign)
                    tallies["killed"] += 1
                except ProcessLookupError:
                    pass

    def work(number):
        name, content, _ = kinds[number % len(kinds)]
        answer = v1(server, name, content, 120)
        problem = None
        if answer.status == 200:
            value = answer.json()
            pages = pages_of(answer)
            reported = {warning.get("page") for warning in value.get("warnings", [])}
            missing = expected[name].keys() - pages.keys()
            if missing - reported:
                problem = f"pages {sorted(missing - reported)} are missing and nothing says so"
            # A page that is reported may be there without its text.
            elif any(pages[at] != expected[name][at] for at in pages.keys() - reported):
                problem = "a page is not what it was"
            with lock:
                tallies["pages"] += len(pages.keys() - reported)
                tallies["reported"] += len(reported & expected[name].keys())
        elif answer.status in (400, 500, 503, 504) and error_text(answer.json()):
            # A document of one page that could not be read is an error.
            tallies[f"status {answer.status}"] += 1
            if len(expected[name]) > 1:
                problem = f"status {answer.status}: {answer.body[:300]!r}"
        else:
            problem = f"status {answer.status}: {answer.body[:300]!r}"
        if problem:
            wrong.append(f"{number} {name}: {problem}")
            print("FAILED", wrong[-1], flush=True)

    try:
        expected = {name: pages_of(v1(server, name, content, 120)) for name, content, _ in kinds}
        for name, _, number in kinds:
            assert expected[name] and number in (None, len(expected[name])), (name, expected[name])
        thread = threading.Thread(target=killer)
        begun = time.monotonic()
        thread.start()
        try:
            at_once(count, 4, work)
        finally:
            over.set()
            thread.join()
        seconds = time.monotonic() - begun
        # All is well again, and nobody is left over.
        for name, content, _ in kinds:
            assert pages_of(v1(server, name, content, 120)) == expected[name], name
        assert server.settled() and not server.zombies(), server.zombies()
        assert not server.temporary_files(), server.temporary_files()
        assert server.end() == 0
    finally:
        if server.lives():
            server.process.kill()
    assert not wrong, wrong[:5]
    assert tallies["killed"] > min(3, count / 50), tallies
    return f"{count} documents, {dict(tallies)}, {seconds:.0f} s"


def kill(recto, count, options):
    """As many files and jobs as a twentieth of the documents, before each kill. A job whose process is killed a
    third time is set aside: two kills leave none."""
    count = max(4, count // 20)
    kinds = documents()[:3]
    with tempfile.TemporaryDirectory(prefix="recto-soak-") as folder:
        files, jobs = {}, {}
        for _ in range(2):
            server = Server(recto, *options, folder=folder)
            for at in range(count):
                name, content, _ = kinds[at % len(kinds)]
                reply = server.upload("/v1/files", "file", name, content, [("purpose", "ocr")])
                assert reply.status in (200, 201), reply.body
                files[reply.json()["id"]] = (name, content)
                reply = server.upload("/v1/convert/file/async", "files", name, content)
                assert reply.status == 200, reply.body
                jobs[reply.json()["task_id"]] = name
            # In the middle of an upload, too.
            halves = server.connect()
            halves.sendall(b"POST /v1/files HTTP/1.1\r\nhost: x\r\ncontent-length: 900000\r\ncontent-type: "
                           b"multipart/form-data; boundary=" + MARK.encode() + b"\r\n\r\n--" + MARK.encode())
            server.process.kill()
            server.process.wait()
            halves.close()
        server = Server(recto, *options, folder=folder)
        try:
            expected = {name: text_of(docling_file(server, name, content, 60)) for name, content, _ in kinds}
            for id, (name, content) in files.items():
                assert server.ask("GET", f"/v1/files/{id}/content").body == content, id
            tallies = collections.Counter()
            end = time.monotonic() + 300
            for id, name in jobs.items():
                while time.monotonic() < end:
                    state = server.ask("GET", f"/v1/status/poll/{id}?wait=2").json()["task_status"]
                    if state in ("success", "failure"):
                        break
                reply = server.ask("GET", f"/v1/result/{id}")
                tallies[state] += 1
                assert text_of(reply) == expected[name], (id, state, reply.body[:300])
            assert server.end() == 0
        finally:
            if server.lives():
                server.process.kill()
    return f"2 kills, {len(files)} files and {len(jobs)} jobs are there: {dict(tallies)}"


def ends(recto, _, options):
    content = made.prose("until the end", pages=40)
    for sign in (signal.SIGTERM, signal.SIGINT):
        server = Server(recto, *options)
        answers = []
        ask = lambda: answers.append(docling_file(server, "long.pdf", content, 120))  # noqa: E731
        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        end = time.monotonic() + 20
        while b"recto_reads_running 0" in server.ask("GET", "/metrics").body and time.monotonic() < end:
            time.sleep(0.002)
        alive = server.children()
        assert server.end(sign) == 0
        for thread in threads:
            thread.join()
        assert [answer.status for answer in answers] == [200] * 3, answers
        assert all("Page 40 says" in text_of(answer) for answer in answers)
        left = [pid for pid in alive if os.path.exists(f"/proc/{pid}")]
        assert not left, f"children are left: {left}"
    return "2 signals, 6 reads under way were answered"


def slow(recto, _, options):
    server = Server(recto, *options)
    good = documents()[0]
    try:
        docling_file(server, *good[:2], 60)
        before = server.sample()
        head = b"POST /v1/ocr HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        beginnings = [b"", b"POST /v1/o", head, head + b"content-length: 5000\r\n\r\n{\"document\": "]
        # Fewer of those who hold a place in the queue than it has.
        held = [(server.connect(), beginnings[at % 4]) for at in range(120)]
        for connection, beginning in held:
            connection.sendall(beginning)
        times = []
        for _ in range(10):
            for connection, beginning in held:
                if beginning:
                    try:
                        connection.sendall(b"a" if beginning.endswith((b"o", b" ")) else b"x: y\r\n")
                    except OSError:
                        pass  # The server had enough of it.
            answer = docling_file(server, *good[:2], 30)
            assert answer.status == 200, answer.body
            times.append(answer.seconds)
        during = server.sample()
        for connection, _ in held:
            connection.close()
        end = time.monotonic() + 20
        while server.sample()["descriptors"] > before["descriptors"] + 4 and time.monotonic() < end:
            time.sleep(0.2)
        after = server.sample()
        assert after["descriptors"] <= before["descriptors"] + 4, (before, after)
        assert server.settled()
        assert server.end() == 0
    finally:
        if server.lives():
            server.process.kill()
    return f"{len(held)} slow clients; others were answered in {max(times):.2f} s at most; " + (
        f"descriptors {before['descriptors']}, {during['descriptors']}, {after['descriptors']}"
    )


def halves(recto, _, options):
    server = Server(recto, *options)
    rng = random.Random(3)
    content = rng.randbytes(300_000)
    head = f'--{MARK}\r\nContent-Disposition: form-data; name="{{}}"; filename="a.pdf"\r\n\r\n'
    try:
        docling_file(server, *documents()[0][:2], 60)
        before = server.sample()
        for at in range(60):
            path, field = [("/v1/files", "file"), ("/v1/convert/file", "files"), ("/v1/convert/file/async", "files")][at % 3]
            body = head.format(field).encode() + content
            connection = server.connect()
            connection.sendall(
                f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body) + 500}\r\n"
                f"content-type: multipart/form-data; boundary={MARK}\r\n\r\n".encode()
                + body[: rng.randrange(len(body))]
            )
            if at % 2:  # A reset instead of an end.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        problems = ["not tried"]
        end = time.monotonic() + 20
        while problems and time.monotonic() < end:
            time.sleep(0.2)
            after, stored = server.sample(), server.ask("GET", "/v1/files").json()
            parts = [str(path) for path in (server.home / "files").rglob("*") if path.stat().st_size > 1000 and path.is_file()]
            problems = server.temporary_files() + parts + stored["data"]
            if after["descriptors"] > before["descriptors"] + 4:
                problems.append(f"descriptors {before['descriptors']}, {after['descriptors']}")
        assert not problems, problems
        assert server.settled()
        assert server.end() == 0
    finally:
        if server.lives():
            server.process.kill()
    return "60 uploads that ended in the middle; nothing of them is left"


def full(recto, _, options):
    with tempfile.TemporaryDirectory(prefix="recto-soak-") as folder:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], capture_output=True)
        if mounted.returncode != 0:
            raise Skipped("mounting a small tmpfs needs root: " + mounted.stderr.decode().strip())
        server = None
        try:
            server = Server(recto, *options, folder=folder)
            good, small = documents()[0], documents()[1]
            text = text_of(docling_file(server, *good[:2], 60))
            kept = server.upload("/v1/files", "file", "kept.pdf", good[1], [("purpose", "ocr")]).json()["id"]
            statuses = collections.Counter()

            def told(what, answer):
                assert answer.status in (200, 201, 507) or (answer.status >= 400 and error_text(answer.json())), (
                    what, answer.status, answer.body[:300])  # fmt: skip
                statuses[f"{what} {answer.status}"] += 1

            def asked(way):
                told(way + " upload", server.upload("/v1/files", "file", "a.pdf", small[1], [("purpose", "ocr")]))
                told(way + " job", server.upload("/v1/convert/file/async", "files", *small[:2]))
                for name, ask in ENDPOINTS[:3:2]:
                    told(f"{way} {name}", ask(server, *small[:2], 60))

            ballast = pathlib.Path(folder, "ballast")
            with open(ballast, "wb", buffering=0) as file:
                try:
                    while True:
                        file.write(bytes(4096))
                except OSError:
                    pass
            for _ in range(3):
                asked("full:")
            assert any(what.endswith("upload 507") for what in statuses), statuses
            ballast.unlink()
            # Well again, and what was stored is there.
            end = time.monotonic() + 30
            while time.monotonic() < end:
                answer = docling_file(server, *good[:2], 60)
                if answer.status == 200:
                    break
                time.sleep(0.5)
            assert text_of(answer) == text
            assert server.ask("GET", f"/v1/files/{kept}/content").body == good[1]
            job = server.upload("/v1/convert/file/async", "files", *good[:2])
            assert job.status == 200, job.body
            id = job.json()["task_id"]
            while server.ask("GET", f"/v1/status/poll/{id}?wait=2").json()["task_status"] not in ("success", "failure"):
                assert time.monotonic() < end, "a job does not end"
            assert text_of(server.ask("GET", f"/v1/result/{id}")) == text
            assert not server.temporary_files(), server.temporary_files()
            assert server.end() == 0
        finally:
            if server and server.lives():
                server.process.kill()
                server.process.wait()
            subprocess.run(["umount", folder], check=True)
    return f"{dict(statuses)}; well again afterwards"


def clock(recto, _, options):
    libraries = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    if not libraries:
        raise Skipped("libfaketime is not installed (Debian: faketime)")
    with tempfile.TemporaryDirectory() as folder:
        now = pathlib.Path(folder, "time")
        now.write_text("+0")
        env = {
            "LD_PRELOAD": libraries[0], "FAKETIME_TIMESTAMP_FILE": str(now), "FAKETIME_NO_CACHE": "1",
            # A step of the clock leaves the monotonic one alone.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
        }  # fmt: skip
        server = Server(recto, *options, env=env)
        name, content, _ = documents()[1]
        try:
            text, steps = text_of(docling_file(server, name, content, 60)), 0
            for step in ("+1d", "-1d", "+3600", "-30d", "+0", "+5d", "+0"):
                job = server.upload("/v1/convert/file/async", "files", name, content).json()["task_id"]
                now.write_text(step)
                steps += 1
                answer = docling_file(server, name, content, 60)
                assert answer.status == 200 and text_of(answer) == text, answer.body[:300]
                end = time.monotonic() + 60
                while server.ask("GET", f"/v1/status/poll/{job}?wait=2").json().get("task_status") not in ("success", "failure"):
                    assert time.monotonic() < end, f"a job does not end after a step of {step}"
                # Kept for a day: after a step of more it may be gone, and that is said.
                reply = server.ask("GET", f"/v1/result/{job}")
                assert reply.status == 404 or text_of(reply) == text, (step, reply.body[:300])
            assert server.settled() and server.end() == 0
        finally:
            if server.lives():
                server.process.kill()
    return f"{steps} steps of the clock"


TRIALS = [children, kill, ends, slow, halves, full, clock]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("recto")
    parser.add_argument("documents", type=int, nargs="?", default=500)
    parser.add_argument("--only", default=",".join(trial.__name__ for trial in TRIALS))
    given, options = parser.parse_known_args()
    for trial in TRIALS:
        if trial.__name__ not in given.only.split(","):
            continue
        try:
            print(f"{trial.__name__}: {trial(given.recto, given.documents, options)}", flush=True)
        except Skipped as why:
            print(f"{trial.__name__}: skipped: {why}", flush=True)


if __name__ == "__main__":
    main()
