"""A server of Weights & Biases as far as a run asks it: logins, runs, streams of history, where to go on from."""

import base64
import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.tracking.wandb_artifacts import PATH, Artifacts

KEY = "k" * 40
RUN_FILES = "/run-files/"
PROJECT = {"id": "P", "name": "rmexp", "entity": {"id": "E", "name": "tester"}}
STARTED = json.dumps({"t": 1})  # what tells a run that has begun from one that is only reserved


class WandbServer:
    """Serves on a port of its own until it is stopped.

    Attributes:
        runs: by id, each with `variables` of its last upsert, `lines` of its history, its `summary`, and its `files`.
        artifacts: that were logged and used.
        status: that it answers instead of anything sensible; None where it is well.
        admitted: questions that came with the right key.
    """

    def __init__(self) -> None:
        self.runs: dict[str, dict[str, Any]] = {}
        self.artifacts = Artifacts()
        self.status: int | None = None
        self.admitted = 0
        self._server: ThreadingHTTPServer | None = None
        self.port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Serve, again on the same port after a stop."""
        handler = type("Handler", (_Handler,), {"owner": self})
        self._server = _Server(("127.0.0.1", self.port), handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def history(self, run_id: str) -> list[dict[str, Any]]:
        """Rows of a run's history, in the order of its lines."""
        return [json.loads(line) for _, line in sorted(self.runs[run_id]["lines"].items())]

    def steps(self, run_id: str, name: str = "train/loss") -> list[int]:
        return [row["_step"] for row in self.history(run_id) if name in row]

    def config(self, run_id: str) -> dict[str, Any]:
        return {name: entry["value"] for name, entry in json.loads(self.runs[run_id]["variables"]["config"]).items()}

    def answer(self, path: str, body: bytes, authorization: str) -> tuple[int, dict[str, Any]]:
        """Status and content for a request."""
        if self.status is not None:
            return self.status, {"errors": [{"message": "ill"}]}
        if PATH in path:  # as a store of objects, that knows no keys
            self.artifacts.put(path, body)
            return 200, {}
        if RUN_FILES in path:
            run_id, _, name = path.partition(RUN_FILES)[2].partition("/")
            self.runs[run_id]["files"][name] = body
            return 200, {}
        if base64.b64encode(f"api:{KEY}".encode()).decode() not in authorization:
            return 401, {"errors": [{"message": "unauthorized"}]}
        self.admitted += 1
        if path.startswith("/graphql"):
            asked = json.loads(body)
            return 200, self._graph(asked["query"], asked.get("variables") or {})
        if "/file_stream" in path:
            self._stream(path.split("/")[-2], json.loads(body).get("files") or {})
        return 200, {}

    def _graph(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        name = variables.get("name")
        if "upsertBucket" in query:
            run = self.runs.setdefault(str(name), {"lines": {}, "summary": "{}", "files": {}})
            known = run.get("variables", {})
            run["variables"] = known | {key: value for key, value in variables.items() if value is not None}
            bucket = {
                "id": f"id-{name}", "name": name, "displayName": variables.get("displayName") or name,
                "description": None, "config": run["variables"].get("config"), "sweepName": None,
                "project": PROJECT | {"name": run["variables"].get("project")}, "historyLineCount": len(run["lines"]),
            }  # fmt: skip
            return {"data": {"upsertBucket": {"bucket": bucket, "inserted": not known}}}
        info = {"cliVersionInfo": {"max_cli_version": "0.99.0"}, "latestLocalVersionInfo": None, "features": []}
        if "RunResumeStatus" in query:
            return {"data": {"model": {**PROJECT, "bucket": self._to_go_on(str(name))}}}
        if "viewer" in query:
            viewer = {"id": "V", "entity": "tester", "username": "tester", "email": "", "flags": "{}", "admin": False}
            return {"data": {"viewer": {**viewer, "name": "t", "teams": {"edges": []}}, "serverInfo": info}}
        if "erverInfo" in query:
            return {"data": {"serverInfo": info}}
        if "createRunFiles" in query:
            place = f"{self.url}{RUN_FILES}{variables['run']}"
            files = [{"name": file, "uploadUrl": f"{place}/{file}"} for file in variables["files"]]
            return {"data": {"createRunFiles": {"runID": variables["run"], "uploadHeaders": [], "files": files}}}
        found = self.artifacts.answer(query, variables, self.url)
        return {"data": found} if found else {"data": None, "errors": [{"message": "not known here"}]}

    def _to_go_on(self, name: str) -> dict[str, Any] | None:
        if name not in self.runs:
            return None
        run = self.runs[name]
        lines = [line for _, line in sorted(run["lines"].items())]
        return {
            "id": f"id-{name}", "name": name, "displayName": run["variables"].get("displayName"),
            "summaryMetrics": run["summary"], "config": run["variables"].get("config") or "{}", "tags": [],
            "historyLineCount": len(lines), "historyTail": json.dumps(lines[-1:]), "eventsLineCount": 0,
            "logLineCount": 0, "eventsTail": "[]", "wandbConfig": STARTED,
        }  # fmt: skip

    def _stream(self, run_id: str, files: dict[str, Any]) -> None:
        history = files.get("wandb-history.jsonl")
        if history:
            rows = enumerate(history["content"], start=history["offset"])
            self.runs[run_id]["lines"].update(rows)
        summary = files.get("wandb-summary.json")
        if summary:
            self.runs[run_id]["summary"] = summary["content"][-1]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *arguments: Any) -> None:
        """Nothing: a client that has gone resets its connections."""


class _Handler(BaseHTTPRequestHandler):
    owner: WandbServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        status, content = self.owner.answer(self.path, body, self.headers.get("Authorization", ""))
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_PUT = do_POST
