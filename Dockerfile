# The server in a container:
#   docker build -t recto . && docker run -p 8811:8811 -e RECTO_KEYS=$(openssl rand -hex 24) recto
# docs/server.md, "In a container", has the rest.

FROM rust:1.95.0-slim-bookworm AS build
WORKDIR /recto
COPY . .
# The same set-up that everybody runs: packages, PDFium and models, pinned by checksum.
RUN scripts/setup.sh && cargo build --release --locked --features full --bin recto

FROM debian:bookworm-slim
# Tesseract's codes of more languages: docker build --build-arg LANGUAGES="deu fra".
ARG LANGUAGES=""
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libtesseract5 liblept5 \
        tesseract-ocr-eng tesseract-ocr-swe tesseract-ocr-osd \
    && for code in $LANGUAGES; do \
        apt-get install -y --no-install-recommends "tesseract-ocr-${code//_/-}" || exit 1; \
    done \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home --home-dir /var/lib/recto recto
# PDFium and neural models are looked for beside the program.
COPY --from=build /recto/target/release/recto /recto/models/*.so /recto/models/*.onnx /opt/recto/
COPY --from=build /recto/LICENSE-MIT /recto/LICENSE-APACHE /recto/models/licenses/ /opt/recto/licenses/
# glibc keeps what was freed in eight arenas a core: two are as fast here, and smaller.
ENV PATH=/opt/recto:$PATH MALLOC_ARENA_MAX=2
USER 10001
WORKDIR /var/lib/recto
VOLUME /var/lib/recto
EXPOSE 8811
HEALTHCHECK --interval=10s --timeout=3s CMD ["/bin/bash", "-c", \
    "exec 3<>/dev/tcp/127.0.0.1/8811 && printf 'GET /health HTTP/1.0\\r\\n\\r\\n' >&3 && grep -q '\"ok\"' <&3"]
ENTRYPOINT ["/opt/recto/recto"]
CMD ["serve", "--listen", "0.0.0.0:8811"]
