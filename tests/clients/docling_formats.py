"""docling-core on what `examples/docling.rs` wrote of documents: every format again, from the JSON.

python docling_formats.py FOLDER"""

import itertools
import json
import re
import sys
from pathlib import Path

import yaml
from docling_core.transforms.chunker.hierarchical_chunker import (
    ChunkingDocSerializer,
    ChunkingSerializerProvider,
    HierarchicalChunker,
)
from docling_core.transforms.serializer.latex import LaTeXDocSerializer
from docling_core.transforms.serializer.markdown import MarkdownTableSerializer
from docling_core.types.doc.document import DoclingDocument


class Marked(ChunkingSerializerProvider):
    """As docling-serve's `use_markdown_tables` and `use_markdown_images`."""

    def get_serializer(self, doc):
        params = ChunkingDocSerializer.model_fields["params"].default
        params = params.model_copy(update={"image_placeholder": "![IMAGE]"})
        return ChunkingDocSerializer(
            doc=doc, params=params, table_serializer=MarkdownTableSerializer()
        )


def chunks(doc, chunker):
    return [
        {
            "text": chunk.text,
            "contextualized": chunker.contextualize(chunk),
            "headings": chunk.meta.headings or [],
            "items": [item.self_ref for item in chunk.meta.doc_items],
            "pages": sorted({place.page_no for item in chunk.meta.doc_items for place in item.prov}),
        }
        for chunk in chunker.chunk(doc)
    ]


# White space, and the width of a table's rule, are the writer's own.
def loose(text):
    return re.sub(r"\s+", " ", re.sub(r"-{3,}", "---", text)).strip()


# docling-core drops titles after the first; here they are sections without a number.
def without_titles(text):
    return loose(re.sub(r"\\section\*\{.*\}", "", text))


def latex(doc):
    return LaTeXDocSerializer(doc=doc).serialize().text


def yaml_document(text):
    """What docling-core takes for the document: it writes more fields than it has to be told."""
    return DoclingDocument.model_validate(yaml.safe_load(text)).export_to_dict()


FORMATS = {
    "md": (loose, lambda doc: doc.export_to_markdown()),
    "doctags": (str, lambda doc: doc.export_to_doctags()),
    "tex": (without_titles, latex),
    "yaml": (yaml_document, DoclingDocument.export_to_dict),
    "chunks": (json.loads, lambda doc: chunks(doc, HierarchicalChunker())),
    "marked": (json.loads, lambda doc: chunks(doc, HierarchicalChunker(serializer_provider=Marked()))),
}


def difference(ours, theirs):
    """Where two texts part."""
    ours, theirs = (text if isinstance(text, str) else json.dumps(text, sort_keys=True, ensure_ascii=False) for text in (ours, theirs))
    at = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(ours, theirs)))
    around = slice(max(0, at - 60), at + 60)
    return f"at {at}:\n  docling-core: {theirs[around]!r}\n  recto:        {ours[around]!r}"


def main(folder):
    count, wrong = 0, 0
    for path in sorted(Path(folder).glob("*.json")):
        doc = DoclingDocument.model_validate_json(path.read_text())
        for ending, (read, write) in FORMATS.items():
            written = path.with_suffix(f".{ending}")
            if not written.exists():
                continue
            count += 1
            ours, theirs = read(written.read_text()), write(doc)
            if isinstance(theirs, str):
                theirs = read(theirs)
            if ours != theirs:
                wrong += 1
                print(f"{written} differs {difference(ours, theirs)}")
    print(f"{count} texts, {wrong} differ")
    return 1 if wrong or not count else 0


sys.exit(main(sys.argv[1]))
