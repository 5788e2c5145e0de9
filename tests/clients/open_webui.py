"""What Open WebUI's loaders send, and what they read of the answers: python open_webui.py target/release/recto

The loaders are parts of a program that is not a package for others; these are their requests
(backend/open_webui/retrieval/loaders: DoclingLoader in main.py, MistralLoader in mistral.py)."""

import httpx
from served import KEY, PAGES, data_uri, run

REPORT = PAGES / "report.pdf"
TITLE = "Rain Gardens on Mill Street"


def docling(client, params, key=KEY):
    with REPORT.open("rb") as file:
        # The file is called by its whole path.
        return client.post(
            "/v1/convert/file",
            files={"files": (str(REPORT), file, "application/pdf")},
            data={"image_export_mode": "placeholder", **params},
            headers={"X-Api-Key": key},
        )


def mistral(client, document):
    answer = client.post(
        "/v1/ocr",
        json={"model": "mistral-ocr-latest", "document": document, "include_image_base64": False},
        headers={"Authorization": f"Bearer {KEY}", "Accept": "application/json"},
    )
    pages = answer.raise_for_status().json()["pages"]
    # One document of the loader's for each page, by index, where its markdown is not empty.
    assert [page["index"] for page in pages] == [0, 1]
    assert TITLE in pages[0]["markdown"] and pages[1]["markdown"].strip()


def check(address):
    with httpx.Client(base_url=address, timeout=60) as client:
        users = {
            "do_ocr": True, "force_ocr": False, "ocr_engine": "tesseract", "ocr_lang": "eng,swe",
            "pdf_backend": "dlparse_v4", "table_mode": "accurate", "pipeline": "standard",
            "do_picture_description": False,
        }
        for params in [{}, users, {"ocr_lang": ["en", "sv"]}, {"ocr_lang": "english, swedish"}]:
            answer = docling(client, params)
            assert answer.status_code == 200, answer.text
            assert TITLE in answer.json()["document"]["md_content"], params
        answer = docling(client, {}, "another-key-than-that")
        assert (answer.status_code, type(answer.json()["detail"])) == (401, str)

        with REPORT.open("rb") as file:
            upload = client.post(
                "/v1/files",
                files={"file": ("report.pdf", file, "application/pdf")},
                data={"purpose": "ocr"},
                headers={"Authorization": f"Bearer {KEY}"},
            )
        file_id = upload.raise_for_status().json()["id"]
        bearer = {"Authorization": f"Bearer {KEY}", "Accept": "application/json"}
        signed = client.get(f"/v1/files/{file_id}/url", params={"expiry": 1}, headers=bearer)
        url = signed.raise_for_status().json()["url"]
        mistral(client, {"type": "document_url", "document_url": url})
        client.delete(f"/v1/files/{file_id}", headers=bearer).raise_for_status()
        uri = data_uri("report.pdf", "application/pdf")
        mistral(client, {"type": "document_url", "document_url": uri})


run("Open WebUI's requests", check)
