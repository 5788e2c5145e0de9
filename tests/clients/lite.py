"""LiteLLM against `recto serve`: python lite.py target/release/recto"""

import io

import litellm

from served import KEY, PAGES, TITLE, data_uri, refused, run

REPORT = data_uri("report.pdf", "application/pdf")
SCAN = data_uri("swedish-scan.png", "image/png")


def check(address):
    def ocr(document, base="", model="mistral/docling-latest", **more):
        return litellm.ocr(
            model=model, document=document, api_key=KEY, api_base=address + base, **more
        )

    document = {"type": "document_url", "document_url": REPORT, "document_name": "report.pdf"}
    for base in ["", "/v1", "/v1/ocr"]:
        answer = ocr(document, base, pages=[0])
        assert TITLE in answer.pages[0].markdown
    for model in ["mistral/docling/docling-latest", "mistral/mistral-ocr-latest"]:
        assert TITLE in ocr(document, model=model, pages=[0]).pages[0].markdown

    # Files go as data URIs.
    report = (PAGES / "report.pdf").read_bytes()
    for file in [report, io.BytesIO(report), PAGES / "report.pdf"]:
        answer = ocr({"type": "file", "file": file, "mime_type": "application/pdf"}, pages="1")
        assert [page.index for page in answer.pages] == [1]
        assert answer.usage_info.doc_size_bytes == len(report)

    # Options of the engine, and what nobody knows.
    scan = {"type": "image_url", "image_url": SCAN}
    answer = ocr(scan, extra_body={"lang": ["sv"], "nonsense": 1})
    assert [warning["option"] for warning in answer.warnings] == ["nonsense"], answer.warnings
    assert answer.extra_fields["provider"] == "docling"
    swedish = answer.pages[0].markdown
    assert any(letter in swedish for letter in "åäö"), swedish
    nested = ocr(scan, extra_body={"parameters": {"lang": ["sv"]}})
    assert nested.pages[0].markdown == swedish
    header = ocr(scan, extra_headers={"X-Recto-Parameters": '{"lang": ["sv"]}'})
    assert header.pages[0].markdown == swedish

    answer = ocr(document, pages=[1], table_format="html", extract_footer=True)
    page = answer.pages[0]
    assert page.footer == "2" and page.tables[0]["content"].startswith("<table>"), page

    error = refused(litellm.BadRequestError, lambda: ocr(document, pages=[99]))
    assert "page 99 does not exist" in str(error), error
    error = refused(litellm.NotFoundError, lambda: ocr(document, model="mistral/gpt-5"))
    assert "no provider serves" in str(error), error


run("litellm", check)
