"""Mistral's client against `recto serve`: python mistral.py target/release/recto"""

import http.server
import json
import threading
import time
import urllib.request

from mistralai.client import Mistral
from mistralai.client.errors import HTTPValidationError, SDKError

from served import KEY, PAGES, TITLE, data_uri, refused, run

REPORT = {"type": "document_url", "document_url": data_uri("report.pdf", "application/pdf")}
SCAN = data_uri("swedish-scan.png", "image/png")


def answers(client):
    answer = client.ocr.process(model="mistral-ocr-latest", document=REPORT)
    assert [page.index for page in answer.pages] == [0, 1]
    assert TITLE in answer.pages[0].markdown
    assert (answer.pages[0].dimensions.dpi, answer.pages[0].dimensions.width) == (200, 1654)
    assert answer.usage_info.pages_processed == 2
    assert answer.usage_info.doc_size_bytes == (PAGES / "report.pdf").stat().st_size
    # The client asks for blocks unasked.
    kinds = [block.type for block in answer.pages[0].blocks]
    assert {"title", "text", "image", "list", "header", "footer"} <= set(kinds), kinds
    assert all(type(block).__name__ != "UnknownBlock" for block in answer.pages[0].blocks)

    answer = client.ocr.process(
        model=None,
        document={**REPORT, "document_name": "report.pdf"},
        pages="1",
        include_image_base64=True,
        image_limit=5,
        image_min_size=10,
        table_format="html",
        extract_header=True,
        extract_footer=True,
        confidence_scores_granularity=None,
    )
    page = answer.pages[0]
    assert (page.index, page.footer) == (1, "2")
    assert page.tables[0].id == "tbl-0.html" and page.tables[0].content.startswith("<table>")

    answer = client.ocr.process(model="recto", document=REPORT, pages=[0], include_image_base64=True)
    assert answer.pages[0].images[0].image_base64.startswith("data:image/jpeg;base64,")


def images(client):
    def read(document, **more):
        return client.ocr.process(model="docling-latest", document=document, **more).pages[0]

    page = read(
        {"type": "image_url", "image_url": {"url": SCAN}},
        confidence_scores_granularity="word",
    )
    words = page.confidence_scores.word_confidence_scores
    assert "".join(word.text for word in words) == page.markdown
    assert 0 < page.confidence_scores.average_page_confidence_score <= 1
    assert len(page.markdown) > 100, page.markdown
    assert read({"type": "image_url", "image_url": SCAN}).markdown == page.markdown
    assert read({"type": "document_url", "document_url": SCAN}).markdown == page.markdown


class LanguageModel(http.server.BaseHTTPRequestHandler):
    """Answers every chat with what it was shown: how many images, and whether the title was there."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        content = asked["messages"][-1]["content"]
        parts = content if isinstance(content, list) else [{"type": "text", "text": content}]
        images = [part for part in parts if part["type"] == "image_url"]
        assert all(i["image_url"]["url"].startswith("data:image/jpeg;base64,") for i in images)
        title = any(TITLE in part.get("text", "") for part in parts)
        text = json.dumps({"images": len(images), "title": title})
        answer = json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}]})
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, *_):
        pass


def annotations(client):
    schema = {
        "type": "object",
        "properties": {"images": {"type": "integer"}, "title": {"type": "boolean"}},
        "required": ["images", "title"],
    }
    form = {"type": "json_schema", "json_schema": {"name": "seen", "schema": schema, "strict": True}}
    answer = client.ocr.process(
        model="docling-latest",
        document=REPORT,
        bbox_annotation_format=form,
        document_annotation_format=form,
        document_annotation_prompt="What is there?",
    )
    assert json.loads(answer.document_annotation) == {"images": 0, "title": True}
    image = answer.pages[0].images[0]
    assert json.loads(image.image_annotation) == {"images": 1, "title": False}
    assert not image.image_base64, "pixels were not asked for"


def files(client):
    content = (PAGES / "report.pdf").read_bytes()
    upload = {"file_name": "report.pdf", "content": content}
    stored = client.files.upload(file=upload, purpose="ocr", expiry=1)
    assert (stored.filename, stored.size_bytes) == ("report.pdf", len(content)), stored
    assert (stored.purpose, stored.sample_type, stored.source) == ("ocr", "ocr_input", "upload")
    assert (stored.mimetype, stored.visibility) == ("application/pdf", "workspace"), stored
    assert stored.expires_at == stored.created_at + 3600, stored

    listed = client.files.list(purpose="ocr", search="REPORT", mimetypes=["application/pdf"])
    assert [file.id for file in listed.data] == [stored.id] and listed.total == 1, listed
    assert client.files.list(purpose="batch").total == 0
    found = client.files.retrieve(file_id=stored.id)
    assert found.size_bytes == len(content) and found.deleted is False, found
    assert client.files.download(file_id=stored.id).read() == content

    url = client.files.get_signed_url(file_id=stored.id, expiry=1).url
    assert urllib.request.urlopen(url).read() == content
    whole = client.ocr.process(model=None, document=REPORT)
    for document in [
        {"type": "file", "file_id": stored.id},
        {"type": "document_url", "document_url": url},
        {"type": "image_url", "image_url": url},
        {"type": "image_url", "image_url": {"url": url, "detail": "auto"}},
    ]:
        answer = client.ocr.process(model="mistral-ocr-latest", document=document)
        assert answer.pages == whole.pages, document
        assert answer.usage_info == whole.usage_info, document

    deleted = client.files.delete(file_id=stored.id)
    assert (deleted.id, deleted.deleted) == (stored.id, True)
    assert client.files.list().total == 0
    for call in [
        lambda: client.files.retrieve(file_id=stored.id),
        lambda: client.files.download(file_id=stored.id),
        lambda: client.files.get_signed_url(file_id=stored.id),
        lambda: client.files.delete(file_id=stored.id),
        lambda: client.ocr.process(model=None, document={"type": "file", "file_id": stored.id}),
        lambda: client.ocr.process(
            model=None, document={"type": "document_url", "document_url": url}
        ),
    ]:
        error = refused(SDKError, call)
        assert error.status_code == 404 and stored.id in error.body, error.body

    text = {"file_name": "notes.txt", "content": b"hello"}
    error = refused(SDKError, lambda: client.files.upload(file=text, purpose="ocr"))
    assert error.status_code == 422 and "notes.txt is plain text" in error.body, error.body
    lines = {"file_name": "work.jsonl", "content": b'{"custom_id": "0", "body": {}}\n{"body": {}}'}
    batch = client.files.upload(file=lines, purpose="batch")
    assert (batch.num_lines, batch.sample_type) == (2, "batch_request"), batch
    client.files.delete(file_id=batch.id)


def batches(client):
    lines = [
        {"custom_id": "0", "body": {"document": {"document_url": REPORT["document_url"]}}},
        {"custom_id": "1", "body": {"document": {"document_url": "data:text/plain;base64,aGVq"}}},
    ]
    content = "\n".join(map(json.dumps, lines)).encode()
    upload = {"file_name": "work.jsonl", "content": content}
    asked = client.files.upload(file=upload, purpose="batch")
    job = client.batch.jobs.create(
        endpoint="/v1/ocr",
        input_files=[asked.id],
        model="mistral-ocr-latest",
        metadata={"team": "x"},
    )
    assert (job.total_requests, job.input_files) == (2, [asked.id]), job
    for _ in range(600):
        job = client.batch.jobs.get(job_id=job.id)
        if job.status not in ("QUEUED", "RUNNING"):
            break
        time.sleep(0.1)
    assert job.status == "SUCCESS" and job.metadata == {"team": "x"}, job
    assert (job.succeeded_requests, job.failed_requests, job.completed_requests) == (1, 1, 2), job
    assert job.errors[0].count == 1 and job.created_at <= job.started_at <= job.completed_at, job
    answer = json.loads(client.files.download(file_id=job.output_file).read())
    assert (answer["custom_id"], answer["response"]["status_code"], answer["error"]) == ("0", 200, None)
    assert TITLE in answer["response"]["body"]["pages"][0]["markdown"]
    error = json.loads(client.files.download(file_id=job.error_file).read())
    assert (error["custom_id"], error["response"]["status_code"]) == ("1", 400), error
    inline = client.batch.jobs.get(job_id=job.id, inline=True)
    assert inline.outputs == [answer, error]
    listed = client.batch.jobs.list(metadata={"team": "x"}, status=["SUCCESS"])
    assert [each.id for each in listed.data] == [job.id] and listed.total == 1, listed
    assert client.batch.jobs.list(metadata={"team": "y"}).total == 0
    for file in [asked.id, job.output_file, job.error_file]:
        client.files.delete(file_id=file)
    assert client.batch.jobs.delete(job_id=job.id).deleted

    job = client.batch.jobs.create(endpoint="/v1/ocr", requests=lines)
    assert client.batch.jobs.cancel(job_id=job.id).status == "CANCELLED"
    client.batch.jobs.delete(job_id=job.id)


def models(client):
    listed = {model.id: model for model in client.models.list().data}
    assert listed["mistral-ocr-latest"].capabilities.ocr
    for name in ["mistral-ocr-latest", "docling/docling-latest"]:
        model = client.models.retrieve(model_id=name)
        assert model.id == name and model.capabilities.ocr and model.type == "base", model
    error = refused(SDKError, lambda: client.models.retrieve(model_id="gpt-5"))
    assert error.status_code == 404 and '"code":"3040"' in error.body, error.body


def errors(client, address):
    error = refused(SDKError, lambda: client.ocr.process(model="gpt-5", document=REPORT))
    assert error.status_code == 404 and '"code":"3040"' in error.body, error.body
    text = {"type": "document_url", "document_url": "data:text/plain;base64,aGVq"}
    error = refused(SDKError, lambda: client.ocr.process(model=None, document=text))
    assert error.status_code == 400 and '"code":"3740"' in error.body, error.body
    url = {"type": "document_url", "document_url": "https://example.org/a.pdf"}
    error = refused(SDKError, lambda: client.ocr.process(model=None, document=url))
    assert error.status_code == 400 and "allow-urls" in error.body, error.body
    error = refused(
        HTTPValidationError, lambda: client.ocr.process(model=None, document=REPORT, pages=[99])
    )
    assert error.data.detail[0].loc == ["body", "pages"], error.data
    stranger = Mistral(api_key="not-the-right-key", server_url=address)
    for call in [
        lambda: stranger.ocr.process(model=None, document=REPORT),
        lambda: stranger.files.list(),
    ]:
        assert refused(SDKError, call).status_code == 401


def check(address):
    client = Mistral(api_key=KEY, server_url=address)
    answers(client)
    images(client)
    annotations(client)
    files(client)
    batches(client)
    models(client)
    errors(client, address)


model = http.server.ThreadingHTTPServer(("127.0.0.1", 0), LanguageModel)
threading.Thread(target=model.serve_forever, daemon=True).start()
CONFIG = f"""
[annotations]
base_url = "http://127.0.0.1:{model.server_port}/v1"
model = "a-model-for-this-test"
"""
run("mistralai", check, CONFIG)
