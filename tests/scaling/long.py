"""One long document and one worker, then two: the same result in about half the time.

    long.py RECTO DATABASE [PDF]

Without a PDF, one of 400 pages is made, and its pages are recognised although they have text. Each worker has one process for
pages. Prints the times and their ratio.
"""

import json
import pathlib
import sys
import tempfile
import time

from chaos import Server, upload_of, worker_of

# Of the document that is made.
PAGES = 400
# Some words, in another order on each page.
WORDS = (
    "rain fell on the harbour while the clerk counted crates of oranges and wrote each number "
    "in a ledger that nobody had opened since the spring when the last ship came in late"
).split()


def made(pages):
    """A PDF of so many pages of text."""
    objects = ["<</Type/Catalog/Pages 2 0 R>>", "", "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]
    kids = []
    for page in range(pages):
        lines = []
        for line in range(24):
            start = (page * 7 + line * 5) % len(WORDS)
            words = (WORDS[start:] + WORDS[:start])[:10]
            lines.append(f"({page + 1}.{line + 1} {' '.join(words)}) Tj T*")
        text = f"BT /F 11 Tf 60 760 Td 28 TL {' '.join(lines)} ET"
        objects.append(f"<</Length {len(text)}>>stream\n{text}\nendstream")
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents {len(objects)} 0 R"
            "/Resources<</Font<</F 3 0 R>>>>>>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<</Type/Pages/Kids[{' '.join(kids)}]/Count {pages}>>"
    out, places = b"%PDF-1.4\n", []
    for number, text in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{text}\nendobj\n".encode()
    table = len(out)
    rows = "".join(f"{place:010d} 00000 n \n" for place in places)
    out += f"xref\n0 {len(places) + 1}\n0000000000 65535 f \n{rows}".encode()
    out += f"trailer<</Size {len(places) + 1}/Root 1 0 R>>\nstartxref\n{table}\n%%EOF\n".encode()
    return out


def main(recto, database, pdf=None):
    content = pathlib.Path(pdf).read_bytes() if pdf else made(PAGES)
    fields = {} if pdf else {"force_ocr": "true"}
    fields["to_formats"] = "json"
    folder = tempfile.TemporaryDirectory()
    shared = ["--queue", database, "--store", pathlib.Path(folder.name).as_uri()]
    server = Server(recto, *shared)
    times, results = [], []
    for count in (1, 2):
        options = ["--jobs", "1", "--at-once", "1"]
        workers = [worker_of(recto, shared, *options) for _ in range(count)]
        started = time.time()
        status, reply = upload_of(server, "/v1/convert/file/async", "long.pdf", content, fields)
        assert status == 200, reply
        id = json.loads(reply)["task_id"]
        while True:
            status, reply = server.ask("GET", f"/v1/status/poll/{id}?wait=2")
            assert status == 200, reply
            state = json.loads(reply)
            if state["task_status"] in ("success", "failure"):
                break
        times.append(time.time() - started)
        status, reply = server.ask("GET", f"/v1/result/{id}")
        result = json.loads(reply)
        assert status == 200 and result["status"] == "success", reply[:300]
        results.append(result["document"])
        for process in workers:
            process.terminate()
        for process in workers:
            assert process.wait(timeout=120) == 0, process.returncode
        pages = len(result["document"]["json_content"]["pages"])
        print(f"{count} worker(s): {pages} pages in {times[-1]:.1f} s")
    server.end()
    same = results[0] == results[1]
    print(f"ratio {times[1] / times[0]:.2f}; results are {'the same' if same else 'DIFFERENT'}")
    assert same


if __name__ == "__main__":
    main(*sys.argv[1:])
