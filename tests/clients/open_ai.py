"""OpenAI's client against `recto serve`: python open_ai.py target/release/recto"""

import openai

from served import KEY, PAGES, TITLE, data_uri, refused, run


def check(address):
    client = openai.OpenAI(api_key=KEY, base_url=address + "/v1", max_retries=0)

    def ocr(document, **more):
        body = {"model": "docling-latest", "document": document, **more}
        return client.post("/ocr", body=body, cast_to=object)

    uri = data_uri("report.pdf", "application/pdf")
    whole = ocr({"type": "document_url", "document_url": uri})
    assert TITLE in whole["pages"][0]["markdown"] and len(whole["pages"]) == 2

    content = (PAGES / "report.pdf").read_bytes()
    stored = client.files.create(
        file=("report.pdf", content),
        purpose="user_data",
        expires_after={"anchor": "created_at", "seconds": 3600},
    )
    assert (stored.filename, stored.bytes, stored.purpose) == ("report.pdf", len(content), "ocr")
    assert stored.expires_at == stored.created_at + 3600, stored
    assert client.files.wait_for_processing(stored.id).status == "processed"
    assert client.files.retrieve(stored.id).id == stored.id
    assert client.files.content(stored.id).read() == content
    assert ocr({"type": "file", "file_id": stored.id})["pages"] == whole["pages"]

    # The client goes through a list by itself.
    more = [client.files.create(file=PAGES / "code.pdf", purpose="user_data") for _ in range(3)]
    names = [file.filename for file in client.files.list(limit=2)]
    assert names == ["code.pdf"] * 3 + ["report.pdf"], names
    assert [file.id for file in client.files.list(purpose="batch")] == []
    for file in [stored, *more]:
        assert client.files.delete(file.id).deleted
    error = refused(openai.NotFoundError, lambda: client.files.retrieve(stored.id))
    assert stored.id in error.message, error

    names = [model.id for model in client.models.list()]
    assert "docling/docling-latest" in names, names
    assert client.models.retrieve("docling-latest").id == "docling-latest"

    call = lambda: client.files.create(file=("notes.txt", b"hello"), purpose="user_data")
    error = refused(openai.UnprocessableEntityError, call)
    assert "plain text" in error.message, error
    stranger = openai.OpenAI(api_key="not-the-right-key", base_url=address + "/v1", max_retries=0)
    refused(openai.AuthenticationError, lambda: stranger.files.list())


run("openai", check)
