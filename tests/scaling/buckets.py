"""Documents in a bucket, and a queue whose store is one, against a stand-in for S3.

    buckets.py RECTO [DATABASE]

`recto batch s3://…` writes what it writes of the same files in a folder. With a PostgreSQL database, a job goes through
server, bucket and worker, and its objects go with it.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import boto3
from chaos import ROOT, Server, worker_of
from moto.server import ThreadedMotoServer

FILES = ["pages/letter.pdf", "pages/lists.pdf", "README.md"]


def run(*command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def written(folder):
    return {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*.md")}


def main(recto, database=None):
    moto = ThreadedMotoServer("127.0.0.1", port=0)
    moto.start()
    host, port = moto.get_host_and_port()
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT": f"http://{host}:{port}",
        "AWS_ALLOW_HTTP": "true",
    }
    s3 = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT"], region_name="us-east-1")
    s3.create_bucket(Bucket="docs")
    folder = pathlib.Path(tempfile.mkdtemp())
    for name in FILES:
        content = (ROOT / "testdata" / name).read_bytes()
        s3.put_object(Bucket="docs", Key=f"in/deep/{name}", Body=content)
        place = folder / "in/deep" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)

    batch = lambda source, out, *more: run(recto, "batch", source, "-o", str(folder / out), *more)
    assert batch(str(folder / "in"), "local").returncode == 0
    ran = batch("s3://docs/in/", "whole")
    assert ran.returncode == 0 and "1 file(s) are no documents" in ran.stderr, ran.stderr
    assert written(folder / "whole") == written(folder / "local") != {}
    assert "(2 were before)" in batch("s3://docs/in/", "whole", "--resume").stderr
    changed = (ROOT / "testdata/pages/invoice.pdf").read_bytes()
    s3.put_object(Bucket="docs", Key="in/deep/pages/letter.pdf", Body=changed)
    assert "(1 were before)" in batch("s3://docs/in/", "whole", "--resume").stderr
    assert batch("s3://docs/in/**/li*.pdf", "some").returncode == 0
    assert list(written(folder / "some")) == ["deep/pages/lists.md"]
    assert batch("s3://docs/in/deep/pages/lists.pdf", "one").returncode == 0
    assert list(written(folder / "one")) == ["lists.md"]
    ran = batch("s3://docs/none/", "none")
    assert ran.returncode == 1 and "there is no such object" in ran.stderr, ran.stderr
    ran = batch("s3://nowhere/in/", "none")
    assert ran.returncode == 1 and len(ran.stderr.splitlines()) == 1, ran.stderr
    print("recto batch reads buckets")

    if database:
        shared = ["--queue", database, "--store", "s3://docs/jobs"]
        server = Server(recto, *shared)
        worker = worker_of(recto, shared)
        content = (ROOT / "testdata/pages/report.pdf").read_bytes()
        status, reply = server.upload("/v1/convert/file", "report.pdf", content)
        expected = json.loads(reply)["document"]
        ids = []
        for _ in range(3):
            status, reply = server.upload("/v1/convert/file/async", "report.pdf", content)
            assert status == 200, reply
            ids.append(json.loads(reply)["task_id"])
        keys = lambda: [o["Key"] for o in s3.list_objects_v2(Bucket="docs", Prefix="jobs/").get("Contents", [])]
        assert any("/inputs/" in key for key in keys()), keys()
        for id in ids:
            for _ in range(200):
                status, reply = server.ask("GET", f"/v1/status/poll/{id}?wait=1")
                if json.loads(reply)["task_status"] == "success":
                    break
                time.sleep(0.1)
            status, reply = server.ask("GET", f"/v1/result/{id}")
            assert status == 200 and json.loads(reply)["document"] == expected, reply[:200]
        assert not any("/inputs/" in key for key in keys()), keys()
        worker.terminate()
        assert worker.wait(timeout=60) == 0
        server.end()
        print("jobs go through a bucket")
    moto.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
