"""A server with jobs of its own (SQLite) that is killed again and again while it reads many documents.

    restarts.py RECTO [DOCUMENTS]

The server takes DOCUMENTS (500) and reads them; whenever a few of them have ended it is killed with signal 9 and
started again on the same folder. (By documents and not by seconds: a job that is killed three times is set
aside, and on a slow machine every one would be.) At the end every document has its result, once, and it is the same as that of a
read that was not disturbed; or it was set aside, and that is said.
"""

import collections
import json
import pathlib
import random
import sys
import tempfile
import time

from chaos import PATIENCE, Server, documents

# Documents between two kills.
KILL_EVERY = (4, 12)


def main(recto, count=500):
    folder = tempfile.TemporaryDirectory()
    options = ["--jobs", "1", "--no-files", "--jobs-dir", str(pathlib.Path(folder.name) / "jobs")]
    server = Server(recto, *options)
    kinds, expected, ids = documents(), {}, {}
    for name, content in kinds:
        status, reply = server.upload("/v1/convert/file", name, content)
        assert status == 200, reply
        expected[name] = json.loads(reply)["document"]["md_content"]
        assert expected[name].strip(), name

    rng = random.Random(7)
    started, kills = time.time(), 0
    next_kill = rng.randint(*KILL_EVERY)
    left, ended = [], collections.Counter()
    while left or len(ids) < int(count):
        assert time.time() - started < PATIENCE, f"{len(left)} documents are not done: {ended}"
        if sum(ended.values()) >= next_kill:
            server.process.kill()
            server.process.wait()
            server = Server(recto, *options)
            kills += 1
            next_kill += rng.randint(*KILL_EVERY)
        # What was answered is kept: kills come in between as well.
        for _ in range(20):
            if len(ids) < int(count):
                name, content = kinds[len(ids) % len(kinds)]
                status, reply = server.upload("/v1/convert/file/async", name, content)
                assert status == 200, reply
                id = json.loads(reply)["task_id"]
                assert id not in ids
                ids[id] = name
                left.append(id)
        for id in left[:40]:
            status, reply = server.ask("GET", f"/v1/status/poll/{id}")
            assert status == 200, (id, reply)
            state = json.loads(reply)["task_status"]
            if state in ("success", "failure"):
                ended[state] += 1
                left.remove(id)
        time.sleep(0.2)
    seconds = time.time() - started

    different, aside = [], 0
    for id, name in ids.items():
        status, reply = server.ask("GET", f"/v1/result/{id}")
        assert status == 200, (id, reply)
        result = json.loads(reply)
        if "set aside" in json.dumps(result.get("failure", "")):
            aside += 1
        elif result.get("status") != "success" or result["document"]["md_content"] != expected[name]:
            different.append((id, name, result))
    server.end()
    print(
        f"{len(ids)} documents, {ended['success']} done, {aside} set aside, {len(different)} different; "
        f"{kills} kills of the server, {seconds:.0f} s"
    )
    assert ended["success"] + aside == len(ids) and not different, different[:3]
    assert aside <= len(ids) // 100 and kills > 3


if __name__ == "__main__":
    main(*sys.argv[1:])
