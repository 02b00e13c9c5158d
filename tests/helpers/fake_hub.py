"""The part of the Hugging Face Hub's HTTP interface that reading a data set or model needs, served from a folder."""

import hashlib
import json
import os
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from helpers.paths import SCRIPTS

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Handler(BaseHTTPRequestHandler):
    """A handler for one data set or model, `server.id`, whose files are in `server.folder`."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Print nothing."""

    def answer(self, body, status=200, **headers):
        """Send `body`: bytes, or another value as JSON."""
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": len(body), **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def missing(self, code):
        """Answer, as the Hub does, that a repository, revision or entry does not exist."""
        self.answer({"error": code}, 404, X_Error_Code=code)

    def entry(self, path):
        """Return a file or folder as an entry of a listing."""
        name = str(path.relative_to(self.server.folder))
        if path.is_dir():
            return {"type": "directory", "path": name, "size": 0, "oid": hashlib.sha1(name.encode()).hexdigest()}
        oid = hashlib.sha1(path.read_bytes()).hexdigest()
        return {"type": "file", "path": name, "size": path.stat().st_size, "oid": oid}

    def do_HEAD(self):
        """Answer like GET, without the body."""
        self.do_GET()

    def do_POST(self):
        """Answer with facts about the requested paths."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}").get("paths", [])
        paths = [self.server.folder / path for path in ([asked] if isinstance(asked, str) else asked)]
        self.server.asked.append(self.path)
        self.answer([self.entry(path) for path in paths if path.exists()])

    def do_GET(self):
        """Answer with facts about the repository, a listing of its files, or one of its files."""
        path = self.path.partition("?")[0]
        self.server.asked.append(self.path)
        files = sorted(path for path in self.server.folder.rglob("*") if path.is_file())
        if self.server.id not in path:
            return self.missing("RepoNotFound")
        rest = path.partition(self.server.id)[2].strip("/").split("/")
        if rest[0] in ("revision", "tree", "resolve") and rest[1] not in ("main", COMMIT):
            return self.missing("RevisionNotFound")
        if rest[0] in ("", "revision"):
            siblings = [{"rfilename": self.entry(path)["path"]} for path in files]
            return self.answer({"id": self.server.id, "sha": COMMIT, "siblings": siblings, "private": False})
        if rest[0] == "tree":
            under = self.server.folder.joinpath(*rest[2:])
            if not under.is_dir():
                return self.missing("EntryNotFound")
            deep = "recursive=true" in self.path.lower()
            return self.answer([self.entry(path) for path in sorted(under.rglob("*") if deep else under.iterdir())])
        file = self.server.folder.joinpath(*rest[2:])
        if not file.is_file():
            return self.missing("EntryNotFound")
        body, about = file.read_bytes(), {"ETag": f'"{self.entry(file)["oid"]}"', "X_Repo_Commit": COMMIT}
        if asked := self.headers.get("Range"):
            start, _, end = asked.removeprefix("bytes=").partition("-")
            part = body[int(start) : int(end or len(body)) + 1]
            about["Content_Range"] = f"bytes {start}-{int(start) + len(part) - 1}/{len(body)}"
            return self.answer(part, 206, **about)
        return self.answer(body, **about)


@contextmanager
def fake_hub(folder, id):
    """Serve the data set or model `id` from `folder`; yield the server, with its `url` and the paths `asked` of it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.folder, server.id, server.asked = Path(folder), id, []
    server.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def environment(hub, home):
    """Return the environment of a process that reads from `hub`, with its cache in the folder `home`.

    A separate process is needed because the Hub's client reads its settings when it is imported.
    """
    return {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))} | {
        "HF_HOME": str(home), "HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0", "NO_PROXY": "127.0.0.1",
        "PYTHONPATH": str(SCRIPTS), "HF_HUB_DISABLE_TELEMETRY": "1",
    }  # fmt: skip
