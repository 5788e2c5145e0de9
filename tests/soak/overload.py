#!/usr/bin/env python3
"""Four times as many requests as a `recto serve` can answer.

    overload.py RECTO [SECONDS] [--times 4] [SERVE_OPTION...]

First the best throughput is found, with ever more clients that wait for their answers; then requests come at four
times that rate, whatever the answers are. What has to hold: throughput stays at 90 % of the best or more; what is
too much gets 503 or 429 with `Retry-After`, and nothing else fails; and the slowest of a hundred accepted requests
takes no longer than the queue lets it.
"""

import argparse
import collections
import threading
import time

from served import DATA, Lost, Server, percentile, refusal

# Documents at once and waiting: a short queue keeps waiting short.
DOCUMENTS, WAITING = 4, 8
HOLDS = 0.9
# The queue's length over the throughput is the time of the last in it; half as much again for pages that take
# turns, and a second for the machine that also runs the clients.
LONGER, SPARE = 1.5, 1.0
# So long each number of clients is tried.
TRIAL = 6.0


def request(server, content):
    return server.upload("/v1/convert/file", "files", "page.png", content, [("to_formats", "md")], timeout=60)


def best_throughput(server, content, trial):
    best = 0.0
    for clients in (1, 2, 4, 8):
        end, count = time.monotonic() + trial, collections.Counter()

        def client(end=end, count=count):
            while time.monotonic() < end:
                assert request(server, content).status == 200
                count["all"] += 1

        begun = time.monotonic()
        threads = [threading.Thread(target=client) for _ in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rate = count["all"] / (time.monotonic() - begun)
        print(f"{clients} clients: {rate:.1f} a second", flush=True)
        best = max(best, rate)
    return best


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("recto")
    parser.add_argument("seconds", type=float, nargs="?", default=60)
    parser.add_argument("--times", type=float, default=4)
    parser.add_argument("--holds", type=float, default=HOLDS, help="of the best throughput, 0 to 1")
    given, options = parser.parse_known_args()
    content = (DATA / "ocr" / "text.png").read_bytes()
    server = Server(given.recto, "--documents", str(DOCUMENTS), "--waiting", str(WAITING), *options)
    statuses, accepted, refused, problems = collections.Counter(), [], [], []
    lock = threading.Lock()
    try:
        for _ in range(6):
            assert request(server, content).status == 200
        best = best_throughput(server, content, min(TRIAL, given.seconds / 4))
        rate = given.times * best
        begun = time.monotonic()
        numbers, sent = iter(range(int(rate * given.seconds))), []

        def client():
            while True:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                # Requests have their times, whether or not others are answered.
                time.sleep(max(0.0, begun + number / rate - time.monotonic()))
                sent.append(time.monotonic() - begun)
                try:
                    answer = request(server, content)
                    problem = None if answer.status in (200, 429, 503) else f"status {answer.status}"
                    problem = problem or (refusal(answer) if answer.status != 200 else None)
                except Lost as error:
                    answer, problem = None, str(error)
                with lock:
                    statuses[answer.status if answer else "lost"] += 1
                    if problem:
                        problems.append(problem)
                    elif answer.status == 200:
                        accepted.append((time.monotonic() - begun, answer.seconds))
                    else:
                        refused.append(answer.seconds)

        # Those who are accepted keep a client each; the rest is told to go at once.
        threads = [threading.Thread(target=client) for _ in range(DOCUMENTS + WAITING + 12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # What was still in the queue after the last request does not count.
        seconds = max(sent)
        offered = len(sent) / seconds
        after = server.sample()
        assert server.end() == 0, "the server did not end well"
    finally:
        if server.lives():
            server.process.kill()
    held = sum(at <= seconds for at, _ in accepted) / seconds
    bound = (DOCUMENTS + WAITING) / best * LONGER + SPARE
    p99 = percentile([time for _, time in accepted], 0.99)
    print(f"best {best:.1f} a second; offered {offered:.1f} a second for {seconds:.0f} s ({offered / best:.1f} times)")
    print(f"held {held:.1f} a second ({held / best * 100:.0f} %);", dict(statuses))
    print(f"accepted: p50 {percentile([t for _, t in accepted], 0.5):.2f} s, p99 {p99:.2f} s (bound {bound:.2f} s);", end=" ")
    print(f"refused: p50 {percentile(refused, 0.5) * 1000:.0f} ms, p99 {percentile(refused, 0.99) * 1000:.0f} ms")
    print("after", after)
    if held < given.holds * best:
        problems.append(f"throughput fell to {held / best * 100:.0f} %")
    if p99 > bound:
        problems.append(f"p99 of {p99:.2f} s is more than {bound:.2f} s")
    if not refused and given.times >= 2:
        problems.append("nothing was refused")
    if problems:
        raise SystemExit(f"failed: {len(problems)}: " + "; ".join(problems[:5]))


if __name__ == "__main__":
    main()
