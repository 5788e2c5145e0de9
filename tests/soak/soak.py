#!/usr/bin/env python3
"""Many good requests of all kinds to one `recto serve`: none fails, and memory does not grow.

    soak.py RECTO [COUNT] [--clients N] [--out FOLDER] [SERVE_OPTION...]

Requests are mixed: each dialect, digital pages, scans, several pages, stored files, jobs. What is read has to be
the same each time. Memory, descriptors and processes are sampled; the mean of the last quarter has to be
within 5 % of the second one's. FOLDER (target/soak) gets soak.csv and soak.svg.
"""

import argparse
import pathlib
import statistics
import threading
import time

import made
from plot import write_csv, write_svg
from served import DATA, ENDPOINTS, Sampler, Server, at_once, percentile, text_of

# How far memory may have grown, and what a sample is uncertain by where there is little of it (MB).
GROWTH, UNCERTAIN_MB = 1.05, 3.0
# Fewer requests are over before memory is level; then it is only told.
ENOUGH = 1000
SPARE_DESCRIPTORS = 8


def documents():
    """Names and contents; the expensive ones are rare."""
    pages = DATA / "pages"
    cheap = [(f"{n} pages.pdf", made.prose(f"as {n}", pages=n)) for n in (1, 2, 5)]
    cheap += [(name, (pages / name).read_bytes()) for name in ("letter.pdf", "tables.pdf", "lists.pdf", "russian.pdf")]
    cheap.append(("two-columns.pdf", (pages / "two-columns.pdf").read_bytes()))
    dear = [("text.png", (DATA / "ocr" / "text.png").read_bytes())]
    return cheap, dear


def stored_file(server, name, content):
    """Uploaded, read by its id, fetched again, deleted."""
    upload = server.upload("/v1/files", "file", name, content, [("purpose", "ocr")])
    assert upload.status in (200, 201), upload.body[:300]
    id = upload.json()["id"]
    answer = server.post("/v1/ocr", {"model": "mistral-ocr-latest", "document": {"type": "file", "file_id": id}})
    assert server.ask("GET", f"/v1/files/{id}/content").body == content
    assert server.ask("DELETE", f"/v1/files/{id}").status == 200
    return answer


def job(server, name, content):
    """Asked for now, answered later."""
    asked = server.upload("/v1/convert/file/async", "files", name, content, [("to_formats", "md")])
    assert asked.status == 200, asked.body[:300]
    id, end = asked.json()["task_id"], time.monotonic() + 120
    while time.monotonic() < end:
        state = server.ask("GET", f"/v1/status/poll/{id}?wait=5").json()["task_status"]
        if state in ("success", "failure"):
            return server.ask("GET", f"/v1/result/{id}")
    raise AssertionError(f"the job {id} does not end")


def quarters(rows, name):
    """The mean of the second quarter and of the last."""
    values = [row[name] for row in rows]
    part = len(values) // 4
    return statistics.mean(values[part : 2 * part]), statistics.mean(values[3 * part :])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("recto")
    parser.add_argument("count", type=int, nargs="?", default=1000)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("target/soak"))
    given, options = parser.parse_known_args()
    cheap, dear = documents()
    expected, failures, times, lock = {}, [], [], threading.Lock()
    server = Server(given.recto, *options)

    def work(number):
        name, content = dear[number // 20 % len(dear)] if number % 20 == 19 else cheap[number % len(cheap)]
        ways = [*ENDPOINTS, ("stored file", stored_file)]
        # A job costs a few writes to the disk.
        if number % 25 == 24:
            ways = [("job", job)]
        way, ask = ways[number // len(cheap) % len(ways)]
        begun = time.monotonic()
        try:
            answer = ask(server, name, content, 120) if (way, ask) in ENDPOINTS else ask(server, name, content)
            text = " ".join(text_of(answer).split()) if answer.status == 200 else ""
            problem = None if text else f"status {answer.status}: {answer.body[:300]!r}"
        except Exception as error:  # Whatever it is, it is a request that failed.
            text, problem = "", repr(error)
        with lock:
            times.append(time.monotonic() - begun)
            # docling's markdown is written in another way.
            key = (name, way in ("v1", "v3", "stored file"))
            if not problem and expected.setdefault(key, text) != text:
                problem = f"read {text[:200]!r}, and before {expected[key][:200]!r}"
            if problem:
                failures.append(f"{number} {name} by {way}: {problem}")
                print("FAILED", failures[-1], flush=True)

    try:
        # All that is loaded once.
        at_once(60, given.clients, work)
        before = server.sample()
        begun = time.monotonic()
        sampler = Sampler(server, every=max(0.1, min(2.0, given.count / 5000)))
        at_once(given.count, given.clients, work)
        rows, seconds = sampler.end(), time.monotonic() - begun
        assert server.settled()
        time.sleep(1)
        after, zombies, files = server.sample(), server.zombies(), server.temporary_files()
        assert server.end() == 0, "the server did not end well"
    finally:
        if server.lives():
            server.process.kill()
    given.out.mkdir(parents=True, exist_ok=True)
    write_csv(given.out / "soak.csv", rows)
    write_svg(given.out / "soak.svg", rows, f"{given.count} requests by {given.clients} clients")
    print(f"{given.count} requests, {len(failures)} failed, {seconds:.0f} s, {given.count / seconds:.1f} a second;", end=" ")
    print(", ".join(f"p{share * 100:g} {percentile(times, share):.2f} s" for share in (0.5, 0.95, 0.99, 1.0)))
    print("before", before)
    print("after ", after)
    problems = failures[:5]
    for name in ("server_mb", "children_mb"):
        second, last = quarters(rows, name)
        print(f"{name}: second quarter {second:.1f}, last {last:.1f} ({(last / second - 1) * 100:+.1f} %)")
        if given.count >= ENOUGH and last > max(second * GROWTH, second + UNCERTAIN_MB):
            problems.append(f"{name} grew")
    if after["descriptors"] > before["descriptors"] + SPARE_DESCRIPTORS or zombies or files:
        problems.append(f"left: descriptors {after['descriptors']}, zombies {zombies}, temporary files {files[:5]}")
    if problems:
        raise SystemExit("failed: " + "; ".join(problems))


if __name__ == "__main__":
    main()
