"""Mistral's client against `recto serve`: python mistral.py target/release/recto"""

import base64
import os
import pathlib
import re
import subprocess
import sys

from mistralai.client import Mistral
from mistralai.client.errors import HTTPValidationError, SDKError

KEY = "a-key-for-this-test"
PAGES = pathlib.Path(__file__).parents[2] / "testdata" / "pages"


def data_uri(name, kind):
    return f"data:{kind};base64," + base64.b64encode((PAGES / name).read_bytes()).decode()


def refused(error, call):
    try:
        call()
    except error as refusal:
        return refusal
    raise AssertionError(f"no {error.__name__}")


def check(address):
    client = Mistral(api_key=KEY, server_url=address)
    report = {"type": "document_url", "document_url": data_uri("report.pdf", "application/pdf")}

    answer = client.ocr.process(model="mistral-ocr-latest", document=report)
    assert [page.index for page in answer.pages] == [0, 1]
    assert "# Rain Gardens on Mill Street" in answer.pages[0].markdown
    assert (answer.pages[0].dimensions.dpi, answer.pages[0].dimensions.width) == (200, 1654)
    assert answer.usage_info.pages_processed == 2
    # The client asks for blocks unasked.
    kinds = [block.type for block in answer.pages[0].blocks]
    assert {"title", "text", "image", "list", "header", "footer"} <= set(kinds), kinds
    assert all(type(block).__name__ != "UnknownBlock" for block in answer.pages[0].blocks)

    answer = client.ocr.process(
        model=None,
        document={**report, "document_name": "report.pdf"},
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

    answer = client.ocr.process(model="recto", document=report, pages=[0], include_image_base64=True)
    assert answer.pages[0].images[0].image_base64.startswith("data:image/jpeg;base64,")

    scan = {"type": "image_url", "image_url": {"url": data_uri("swedish-scan.png", "image/png")}}
    answer = client.ocr.process(
        model="docling-latest",
        document=scan,
        confidence_scores_granularity="word",
        bbox_annotation_format={
            "type": "json_schema",
            "json_schema": {"name": "b", "schema": {"type": "object"}},
        },
    )
    page = answer.pages[0]
    words = page.confidence_scores.word_confidence_scores
    assert "".join(word.text for word in words) == page.markdown
    assert 0 < page.confidence_scores.average_page_confidence_score <= 1

    models = {model.id: model for model in client.models.list().data}
    assert models["mistral-ocr-latest"].capabilities.ocr

    error = refused(SDKError, lambda: client.ocr.process(model="gpt-5", document=report))
    assert error.status_code == 404 and '"code":"3040"' in error.body, error.body
    text = {"type": "document_url", "document_url": "data:text/plain;base64,aGVq"}
    error = refused(SDKError, lambda: client.ocr.process(model=None, document=text))
    assert error.status_code == 400 and '"code":"3740"' in error.body, error.body
    url = {"type": "document_url", "document_url": "https://example.org/a.pdf"}
    error = refused(SDKError, lambda: client.ocr.process(model=None, document=url))
    assert error.status_code == 400 and "--allow-urls" in error.body, error.body
    error = refused(
        HTTPValidationError, lambda: client.ocr.process(model=None, document=report, pages=[99])
    )
    assert error.data.detail[0].loc == ["body", "pages"], error.data
    stranger = Mistral(api_key="not-the-right-key", server_url=address)
    error = refused(SDKError, lambda: stranger.ocr.process(model=None, document=report))
    assert error.status_code == 401, error


def main():
    server = subprocess.Popen(
        [sys.argv[1], "serve", "--listen", "127.0.0.1:0"],
        env={**os.environ, "RECTO_KEYS": KEY},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        address = re.search(r"http://\S+", server.stderr.readline()).group()
        check(address)
    finally:
        server.terminate()
    assert server.wait(30) == 0
    print("mistralai: fine")


main()
