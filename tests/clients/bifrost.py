"""Bifrost's asynchronous reads as its gateway's clients ask for them: python bifrost.py target/release/recto"""

import datetime
import json
import time
import urllib.error
import urllib.request

from served import KEY, TITLE, data_uri, run

DOCUMENT = {"type": "document_url", "document_url": data_uri("report.pdf", "application/pdf")}


def call(address, path, body=None, headers=None):
    request = urllib.request.Request(
        address + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {KEY}", "Content-Type": "application/json", **(headers or {})},
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def check(address):
    body = {"model": "docling/docling-latest", "document": DOCUMENT}
    status, job = call(address, "/v1/async/ocr", body, {"x-bf-async-job-result-ttl": "120"})
    assert (status, job["status"], sorted(job)) == (202, "pending", ["created_at", "id", "status"]), job
    for _ in range(600):
        status, job = call(address, f"/v1/async/ocr/{job['id']}")
        if status != 202:
            break
        assert job["status"] in ("pending", "processing"), job
        time.sleep(0.1)
    assert (status, job["status"], job["status_code"]) == (200, "completed", 200), job
    assert TITLE in job["result"]["pages"][0]["markdown"] and "error" not in job
    ended, gone = (datetime.datetime.fromisoformat(job[at]) for at in ("completed_at", "expires_at"))
    assert (gone - ended).total_seconds() == 120, job

    status, error = call(address, "/v1/async/ocr/nothing")
    assert (status, error["error"]["message"]) == (404, "job not found or expired"), error
    status, error = call(address, "/v1/async/ocr", {"model": "docling/docling-latest"})
    assert (status, error["is_bifrost_error"]) == (400, True), error


run("Bifrost's asynchronous reads", check)
