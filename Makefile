# Two commands matter: `make demo` and `make test`. Both set up what is missing first.
# The work is done by scripts/*.sh, which also run on their own.

.DEFAULT_GOAL := help
.PHONY: help setup models-small models-tables demo test test-all languages bench bench-peers load soak fuzz accuracy audit sbom fmt clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

setup: ## install what is missing: Tesseract, libclang, language models, PDFium
	@scripts/setup.sh

models-small: ## fetch the larger neural models of text (31 MB): slower, better, more languages
	@scripts/setup.sh small

models-tables: ## fetch the model of tables (8 MB), whose weights have no stated licence
	@scripts/setup.sh tables

demo: ## set up, build, read a sample PDF and print its markdown (SAMPLE=file.pdf)
	@SAMPLE='$(SAMPLE)' scripts/demo.sh

test: ## set up, then every Rust check and test
	@scripts/test.sh

test-all: ## what needs more than Rust: tests/all/*.sh, and the audit of dependencies
	@scripts/test-all.sh

languages: ## add OCR languages: make languages LANGS="de ja"
	@scripts/languages.sh $(LANGS)

bench: ## micro benches, then whole documents (FILES="a.pdf b.pdf")
	@FILES='$(FILES)' scripts/bench.sh

bench-peers: ## against the tesseract program and OCRmyPDF ([FOLDER=dir] of make_scan_bench.py)
	@scripts/bench-peers.sh $(FOLDER)

load: ## many requests at once against recto serve, its fairness and its overhead (ARGS=...)
	@scripts/load.sh $(ARGS)

soak: ## damaged files, thousands of requests, overload, killed children (FULL=1: the figures of docs/reliability.md)
	@scripts/soak.sh

fuzz: ## the fuzz targets on stable Rust, SECONDS_EACH=60 each
	@SECONDS_EACH='$(SECONDS_EACH)' tests/all/fuzz.sh

accuracy: ## read a corpus folder: CORPUS=dir [OUT=dir] [SCORER=score.py]
	@CORPUS='$(CORPUS)' OUT='$(OUT)' SCORER='$(SCORER)' scripts/accuracy.sh

audit: ## licences, sources and known vulnerabilities of the dependencies
	@scripts/audit.sh --install

sbom: ## the software bill of materials (CycloneDX) in target/recto.cdx.json
	@mkdir -p target && scripts/sbom.py -o target/recto.cdx.json && echo target/recto.cdx.json

fmt: ## format the code
	@cargo fmt

clean: ## remove build results (what setup installed stays)
	@cargo clean
