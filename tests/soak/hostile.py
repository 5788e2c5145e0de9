#!/usr/bin/env python3
"""Damaged files and files made to harm, sent to a `recto serve` by several clients through all its dialects.

    hostile.py RECTO COUNT [--seed N] [--clients N] [--page-time S] [--only NUMBER] [--keep FOLDER] [SERVE_OPTION...]

What has to hold: the server never dies; each request is answered before its deadline, with 2xx, or with 4xx, 503 or
504 in the words of its dialect; no connection is lost; afterwards there is no zombie, no more open
descriptors than before, no temporary file; and a good document is read as before. What fails is kept in FOLDER.
`--only NUMBER` sends the file of that number alone.
"""

import argparse
import collections
import pathlib
import sys
import threading
import time

import hostile_files
import made
from served import ENDPOINTS, Lost, Server, at_once, error_text, percentile, refusal, text_of

# The server's time for a document and for a page, and what an answer may take beyond: seconds.
DOCUMENT_TIME, PAGE_TIME, GRACE = 20, 6, 10
# Statuses of refusals: the request, the document, its size; the server is full, or took too long.
REFUSALS = {400, 413, 415, 422, 503, 504}
# Descriptors that come and go: connections that are being closed, pipes of a child that is being replaced.
SPARE_DESCRIPTORS = 8
GOOD = made.prose("as before")


def wrong(endpoint, answer):
    """What is wrong with an answer; None where it is as it should be."""
    if answer.seconds > DOCUMENT_TIME + GRACE:
        return f"answered after {answer.seconds:.1f} s"
    if answer.status == 200:
        try:
            value = answer.json()
        except ValueError:
            return "status 200 without JSON"
        if endpoint.startswith("docling"):
            status, errors = value.get("status"), value.get("errors") or []
            # docling-serve's answer to a document that cannot be read; an internal error is a 500 in these words.
            if status == "failure" and error_text(errors) and errors[0].get("category") != "internal":
                return None
            return None if status in ("success", "partial_success") else f"status {status}: {errors}"
        return None if isinstance(value.get("pages"), list) else "status 200 without pages"
    return refusal(answer) if answer.status in REFUSALS else f"status {answer.status}: {answer.body[:300]!r}"


def outcome(answer):
    if answer.status != 200:
        return str(answer.status)
    value = answer.json()
    if value.get("status") == "failure":
        return "200, docling's failure"
    failed = any(warning.get("code") in ("page_failed", "timed_out") for warning in value.get("warnings", []))
    return "200, some pages" if failed or value.get("status") == "partial_success" else "200"


class Run:
    def __init__(self, server, keep):
        self.server, self.keep, self.lock = server, keep, threading.Lock()
        self.outcomes, self.kinds = collections.Counter(), collections.Counter()
        self.times, self.failures = [], []

    def send(self, number, name, done, data):
        endpoint, ask = ENDPOINTS[number % len(ENDPOINTS)]
        try:
            answer = ask(self.server, name, data, DOCUMENT_TIME + GRACE + 20)
            problem, result, seconds = wrong(endpoint, answer), outcome(answer), answer.seconds
        except Lost as error:
            problem, result, seconds = str(error), "lost", 0.0
        with self.lock:
            self.outcomes[result] += 1
            self.kinds[done.split()[0]] += 1
            self.times.append((seconds, name, done, endpoint))
            if problem:
                self.keep.mkdir(parents=True, exist_ok=True)
                (self.keep / name).write_bytes(data)
                self.failures.append(f"{name} ({done}) to {endpoint}: {problem}")
                print("FAILED", self.failures[-1], file=sys.stderr, flush=True)
        if not self.server.lives():
            raise SystemExit("the server died:\n" + "".join(self.server.log))


def good_document(server):
    for endpoint, ask in ENDPOINTS:
        answer = ask(server, "good.pdf", GOOD, 60)
        assert answer.status == 200 and "as before 5 times" in text_of(answer), (endpoint, answer.body[:500])


def check_after(server, before):
    """What the server holds once nobody asks anything."""
    assert server.lives(), "the server died:\n" + "".join(server.log)
    assert server.settled(), "reads are under way although nobody waits for them"
    good_document(server)
    problems = []
    # Children that were ended are waited for, and replaced ones go.
    for _ in range(50):
        after, zombies, files = server.sample(), server.zombies(), server.temporary_files()
        problems = []
        if zombies:
            problems.append(f"zombies: {zombies}")
        if after["descriptors"] > before["descriptors"] + SPARE_DESCRIPTORS:
            problems.append(f"descriptors: {before['descriptors']} before, {after['descriptors']} after")
        if after["children"] > before["children"] + 1:
            problems.append(f"children: {before['children']} before, {after['children']} after")
        if files:
            problems.append(f"temporary files: {files[:5]}")
        if not problems:
            break
        time.sleep(0.2)
    print("before", before)
    print("after ", after)
    return problems


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("recto")
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--page-time", type=float, default=PAGE_TIME, help="the server's, in seconds")
    parser.add_argument("--clients", type=int, default=6)
    parser.add_argument("--only", type=int)
    parser.add_argument("--keep", type=pathlib.Path, default=pathlib.Path("target/soak/hostile"))
    given, options = parser.parse_known_args()
    good = hostile_files.seeds()
    options = ["--timeout", str(DOCUMENT_TIME), "--page-timeout", f"{given.page_time:g}", *options]
    server = Server(given.recto, *options)
    try:
        good_document(server)
        # Every child is started.
        at_once(8, 4, lambda _: good_document(server))
        assert server.settled()
        before = server.sample()
        run = Run(server, given.keep)
        begun = time.monotonic()

        def work(number):
            run.send(number, *hostile_files.file(given.seed, number, good))
            if number % 1000 == 999:
                print(f"{number + 1} files, {time.monotonic() - begun:.0f} s, {server.sample()}", flush=True)

        if given.only is not None:
            work(given.only)
        else:
            at_once(given.count, given.clients, work)
        seconds = time.monotonic() - begun
        problems = check_after(server, before)
        assert server.end() == 0, "the server did not end well"
    finally:
        if server.lives():
            server.process.kill()
    times = [time for time, *_ in run.times]
    print(f"{len(times)} files, {len(run.failures)} failed, {seconds:.0f} s, {len(times) / seconds:.1f} a second")
    print("answers:", ", ".join(f"{what}: {count}" for what, count in sorted(run.outcomes.items())))
    print("files:", ", ".join(f"{what}: {count}" for what, count in sorted(run.kinds.items())))
    print("seconds:", ", ".join(f"p{share * 100:g} {percentile(times, share):.2f}" for share in (0.5, 0.95, 0.99, 1.0)))
    for seconds, name, done, endpoint in sorted(run.times, reverse=True)[:5]:
        print(f"  {seconds:6.2f} s  {name} ({done}) to {endpoint}")
    for problem in problems:
        print("FAILED", problem)
    if run.failures or problems:
        raise SystemExit(f"failed; files are in {given.keep}")


if __name__ == "__main__":
    main()
