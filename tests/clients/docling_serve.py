"""docling-serve-client against `recto serve`, and docling-core on what it gets:
python docling_serve.py target/release/recto"""

import base64

import httpx
from docling_core.types.doc.document import DoclingDocument
from docling_serve_sdk import (
    ConvertDocumentResponse,
    ConvertDocumentsRequest,
    ConvertDocumentsRequestOptions,
    DoclingAPIError,
    DoclingClient,
    DoclingValidationError,
    FileSourceRequest,
)

from served import KEY, PAGES, refused, run

REPORT = PAGES / "report.pdf"
TITLE = "Rain Gardens on Mill Street"


def loaded(document):
    """The JSON as docling-core has it: valid, the same after a round trip, its boxes on their pages."""
    doc = DoclingDocument.model_validate(document.json_content)
    assert DoclingDocument.model_validate_json(doc.model_dump_json()) == doc
    for item, _ in doc.iterate_items():
        for place in item.prov:
            size, box = doc.pages[place.page_no].size, place.bbox
            assert 0 <= box.l <= box.r <= size.width and 0 <= box.b <= box.t <= size.height
    return doc


def words(text):
    return text.split()


def check(address):
    with DoclingClient(address, api_key=KEY) as client:
        assert client.health_check().status == "ok"
        assert client.version_info()["docling-serve"].startswith("recto ")
        assert client.clear_converters().status == "ok"
        assert client.clear_results().status == "ok"

        # All of its old defaults go with it: embedded images, EasyOCR, a timeout of a week.
        answer = client.convert_file(REPORT)
        assert (answer.status, answer.errors) == ("success", []), answer
        assert answer.document.filename == "report.pdf"
        assert TITLE in answer.document.md_content
        assert "](data:image/png;base64," in answer.document.md_content
        assert answer.timings and answer.processing_time > 0

        options = ConvertDocumentsRequestOptions(
            to_formats=["md", "json", "html", "text", "doctags"],
            image_export_mode="placeholder",
            ocr_lang=["en", "sv"],
        )
        by_file = client.convert_file(REPORT, options=options)
        content = base64.b64encode(REPORT.read_bytes()).decode()
        source = FileSourceRequest(base64_string=content, filename="report.pdf")
        request = ConvertDocumentsRequest(sources=[source], options=options)
        document = client.convert_source(request).document
        assert document == by_file.document
        assert TITLE in document.html_content and TITLE in document.text_content

        doc = loaded(document)
        assert doc.name == "report" and len(doc.pages) == 2
        assert doc.origin.filename == "report.pdf" and doc.origin.mimetype == "application/pdf"
        assert doc.tables[0].caption_text(doc).startswith("Table 1:")
        assert doc.pictures[0].caption_text(doc).startswith("Figure 1:")
        assert doc.tables[0].export_to_dataframe(doc).shape[0] == 5
        assert words(doc.export_to_markdown()) == words(document.md_content)
        assert doc.export_to_doctags() == document.doctags_content

        # Pictures and pages are PIL images. This client does not know the option for pages.
        fields = {
            "to_formats": ["json"],
            "image_export_mode": "embedded",
            "include_page_images": "true",
            "images_scale": "1.0",
        }
        raw = httpx.post(
            f"{address}/v1/convert/file",
            data=fields,
            files={"files": ("report.pdf", REPORT.read_bytes())},
            headers={"X-Api-Key": KEY},
            timeout=60,
        )
        doc = loaded(ConvertDocumentResponse.model_validate(raw.json()).document)
        assert doc.pictures[0].get_image(doc).width > 100
        page = doc.pages[2]
        assert abs(page.image.pil_image.width - page.size.width) <= 1

        # Scans too.
        options = ConvertDocumentsRequestOptions(to_formats=["md", "json"], ocr_lang=["sv"])
        scan = client.convert_file(PAGES / "swedish-scan.png", options=options)
        assert scan.status == "success" and loaded(scan.document).texts

        broken = client.convert_file(PAGES / "encrypted.pdf")
        assert broken.status == "failure" and "encrypted" in broken.errors[0].error_message

        wrong = refused(DoclingValidationError, lambda: client.chunk_hybrid_file(REPORT))
        assert "(422)" in str(wrong) and "to_formats=json" in str(wrong), wrong
    with DoclingClient(address, api_key="another-key-than-that") as stranger:
        wrong = refused(DoclingAPIError, lambda: stranger.convert_file(REPORT))
        assert wrong.status_code == 401, wrong


run("docling-serve-client", check)
