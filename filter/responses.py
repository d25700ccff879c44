"""Prints filter/exports.json with the callbacks of responses added: what filter-responses.wasm exports."""

import json
import pathlib

# A host calls `main` at the start: by it the module knows that it has the others.
RESPONSES = ["main", "proxy_on_response_body", "proxy_on_response_headers", "proxy_on_response_trailers"]

graph = json.loads((pathlib.Path(__file__).parent / "exports.json").read_text())
graph[0]["reaches"] += RESPONSES
graph += [{"name": name, "export": name} for name in RESPONSES]
print(json.dumps(graph))
