"""docling-client against `recto serve`, whose conversions are jobs: python docling_client.py target/release/recto"""

import asyncio
import functools
import io
import json
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer

import httpx
from docling.datamodel.base_models import ConversionStatus, DocumentStream, OutputFormat
from docling.datamodel.service.callbacks import ProgressCallbackRequest
from docling.datamodel.service.options import ConvertDocumentsOptions
from docling.datamodel.service.responses import TaskStatusResponse
from docling.datamodel.service.targets import ZipTarget
from docling.service_client import (
    AsyncDoclingServiceClient,
    ConversionError,
    DoclingServiceClient,
    ServiceError,
    StatusWatcherKind,
    TaskExecutionError,
    TaskNotFoundError,
)
from served import KEY, PAGES, refused, run

REPORT = PAGES / "report.pdf"
TITLE = "Rain Gardens on Mill Street"


def listen(handler):
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def read(result):
    """What was read of the report, checked."""
    assert result.status == ConversionStatus.SUCCESS and not result.errors, result
    document = result.document
    text = document.export_to_markdown()
    assert TITLE in text and "| " in text, text
    assert len(document.pages) == 2 and document.tables and document.pictures
    return text


def convert(client):
    by_path = read(client.convert(REPORT))
    assert read(client.convert(DocumentStream(name="report.pdf", stream=io.BytesIO(REPORT.read_bytes())))) == by_path
    address = listen(functools.partial(Quiet, directory=PAGES))
    assert read(client.convert(f"{address}/report.pdf")) == by_path
    first = client.convert(REPORT, page_range=(1, 1)).document
    assert len(first.pages) == 1 and TITLE in first.export_to_markdown()


def told(client, address):
    """Callbacks as docling's own models have them, in order."""
    events, over = [], threading.Event()

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            event = ProgressCallbackRequest.model_validate_json(body)
            events.append(event)
            self.send_response(200)
            self.end_headers()
            if event.progress.kind == "task_completed":
                over.set()

        def log_message(self, *_):
            pass

    answer = httpx.post(
        f"{address}/v1/convert/file/async",
        data={"callbacks": json.dumps([{"url": listen(Listener)}])},
        files={"files": ("report.pdf", REPORT.read_bytes())},
        headers={"X-Api-Key": KEY},
    )
    task = TaskStatusResponse.model_validate(answer.raise_for_status().json())
    assert over.wait(60)
    assert {event.task_id for event in events} == {task.task_id}
    kinds = [event.progress.kind.value for event in events]
    assert kinds == ["set_num_docs", "document_completed", "update_processed", "task_completed"], kinds
    completed = events[1].progress.document
    assert (completed.source, completed.status, completed.num_pages) == ("report.pdf", "success", 2)
    assert events[2].progress.num_succeeded == 1 and events[3].progress.task_status == "success"


async def at_once(address):
    async with AsyncDoclingServiceClient(address, api_key=KEY) as client:
        job = await client.submit(REPORT, output_formats=[OutputFormat.JSON])
        read(await job.result())


def check(address):
    for watcher in [StatusWatcherKind.WEBSOCKET, StatusWatcherKind.POLLING]:
        # Without falling back: each way has to work by itself.
        with DoclingServiceClient(
            address, api_key=KEY, status_watcher=watcher, ws_fallback_to_poll=False
        ) as client:
            convert(client)
    asyncio.run(at_once(address))

    with DoclingServiceClient(address, api_key=KEY) as client:
        assert client.health().status == "ok"
        several = list(client.convert_all([REPORT, PAGES / "encrypted.pdf", REPORT], max_concurrency=3))
        assert [result.status.value for result in several] == ["success", "failure", "success"], several
        error = refused(ConversionError, lambda: client.convert(PAGES / "encrypted.pdf"))
        assert "encrypted" in str(error), error

        # An archive, with the steps in between.
        job = client.submit(REPORT, output_formats=[OutputFormat.MARKDOWN, OutputFormat.HTML], target=ZipTarget())
        steps = list(job.watch())
        assert steps[-1].task_status == "success" and steps[-1].task_meta.num_succeeded == 1
        assert {step.task_status.value for step in steps} <= {"pending", "started", "success"}
        archive = zipfile.ZipFile(io.BytesIO(job.result().content))
        assert sorted(archive.namelist()) == ["report.html", "report.md"]
        assert TITLE in archive.read("report.md").decode()

        failed = client.submit(PAGES / "encrypted.pdf", target=ZipTarget())
        error = refused(TaskExecutionError, failed.result)
        assert error.failure.category.value == "policy" and "encrypted" in error.failure.message

        target = {"kind": "s3", "endpoint": "x", "access_key": "a", "secret_key": "b", "bucket": "c"}
        source = {"kind": "http", "url": "https://example.org/a.pdf"}
        error = refused(ServiceError, lambda: client.submit_batch([source], target))
        assert error.status_code == 422 and error.detail.startswith("targets of kind s3"), error

        options = ConvertDocumentsOptions(to_formats=[OutputFormat.MARKDOWN], ocr_lang=["sv"])
        scan = client.convert(PAGES / "swedish-scan.png", options=options)
        assert scan.document.texts

        told(client, address)
        job = client.submit(REPORT)
        with DoclingServiceClient(address, api_key=OTHER) as stranger:
            refused(TaskNotFoundError, lambda: stranger._poll_task_status(job.task_id, 0))
        read(job.result())
    with DoclingServiceClient(address, api_key="another-key-than-that") as stranger:
        assert refused(ServiceError, lambda: stranger.convert(REPORT)).status_code == 401


OTHER = "a-second-key-of-this-test"
run(
    "docling-client",
    check,
    '[fetch]\nallow = true\nallow_hosts = ["127.0.0.1"]\n',
    keys=[OTHER],
)
