"""A `recto serve` for a test: with one key, and files in a folder of its own."""

import base64
import os
import pathlib
import re
import subprocess
import sys
import tempfile

KEY = "a-key-for-this-test"
PAGES = pathlib.Path(__file__).parents[2] / "testdata" / "pages"
# What the first page of testdata/pages/report.pdf says.
TITLE = "# Rain Gardens on Mill Street"


def data_uri(name, kind):
    return f"data:{kind};base64," + base64.b64encode((PAGES / name).read_bytes()).decode()


def refused(error, call):
    try:
        call()
    except error as refusal:
        return refusal
    raise AssertionError(f"no {error.__name__}")


def run(name, check, config="", keys=()):
    """Starts the program named on the command line with a recto.toml, and lets `check` ask it."""
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryDirectory() as jobs,
        tempfile.NamedTemporaryFile("w") as settings,
    ):
        settings.write(config)
        settings.flush()
        server = subprocess.Popen(
            [sys.argv[1], "serve", "--listen", "127.0.0.1:0", "--files-dir", folder]
            + ["--jobs-dir", jobs],
            env={**os.environ, "RECTO_KEYS": ",".join([KEY, *keys]), "RECTO_CONFIG": settings.name},
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            check(re.search(r"http://\S+", server.stderr.readline()).group())
        finally:
            server.terminate()
        assert server.wait(30) == 0
        # Clients delete what they upload.
        left = [file for file in os.listdir(folder) if file != "secret"]
        assert not left, left
    print(f"{name}: fine")
