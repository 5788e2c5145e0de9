"""LiteLLM against `recto serve`: python lite.py target/release/recto"""

import base64
import os
import pathlib
import re
import subprocess
import sys

import litellm

KEY = "a-key-for-this-test"
PAGES = pathlib.Path(__file__).parents[2] / "testdata" / "pages"


def check(address):
    report = (PAGES / "report.pdf").read_bytes()
    uri = "data:application/pdf;base64," + base64.b64encode(report).decode()

    def ocr(document, base="", **more):
        return litellm.ocr(
            model="mistral/docling-latest",
            document=document,
            api_key=KEY,
            api_base=address + base,
            **more,
        )

    document = {"type": "document_url", "document_url": uri, "document_name": "report.pdf"}
    for base in ["", "/v1", "/v1/ocr"]:
        answer = ocr(document, base, pages=[0])
        assert "# Rain Gardens on Mill Street" in answer.pages[0].markdown
    answer = ocr({"type": "file", "file": report, "mime_type": "application/pdf"}, pages="1")
    assert [page.index for page in answer.pages] == [1]
    scan = base64.b64encode((PAGES / "swedish-scan.png").read_bytes()).decode()
    answer = ocr(
        {"type": "image_url", "image_url": "data:image/png;base64," + scan},
        extra_body={"lang": ["sv"], "nonsense": 1},
    )
    assert [warning["option"] for warning in answer.warnings] == ["nonsense"], answer.warnings
    assert answer.extra_fields["provider"] == "docling"
    try:
        ocr(document, pages=[99])
    except litellm.BadRequestError as error:
        assert "page 99 does not exist" in str(error), error
    else:
        raise AssertionError("a page that does not exist was read")


def main():
    server = subprocess.Popen(
        [sys.argv[1], "serve", "--listen", "127.0.0.1:0"],
        env={**os.environ, "RECTO_KEYS": KEY},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        check(re.search(r"http://\S+", server.stderr.readline()).group())
    finally:
        server.terminate()
    assert server.wait(30) == 0
    print("litellm: fine")


main()
