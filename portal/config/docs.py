"""The API's documentation as a page: every call, its fields, and lines to copy.

Made from the OpenAPI document itself, so it cannot say something else. It needs no
sign-in: it tells what agents may send, and holds nothing of the company's.
"""

import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from portal.config.api import api
from portal.core.htmx import render
from registry.rules.codes import CODES

METHODS = ("get", "post", "put", "patch", "delete")
DEPTH_MAX = 4


@dataclass(frozen=True)
class FieldLine:
    """One field of a body or one parameter, as a row."""

    name: str
    kind: str
    is_required: bool
    text: str


@dataclass(frozen=True)
class CallDocument:
    """One call of the API."""

    anchor: str
    method: str
    path: str
    title: str
    text: str
    parameters: tuple[FieldLine, ...]
    fields: tuple[FieldLine, ...]
    answers: tuple[tuple[str, str], ...]
    curl: str


def api_docs(request: HttpRequest) -> HttpResponse:
    """Show the calls. No query."""
    calls = calls_of_api()
    codes = [(code, entry) for code, entry in sorted(CODES.items())]
    context = {"calls": calls, "codes": codes, "crumbs": [("API", "")]}
    return render(request, "api/docs.html", context)


@functools.cache
def calls_of_api() -> tuple[CallDocument, ...]:
    """Read every call out of the OpenAPI document, in its order."""
    document: dict[str, Any] = dict(api.get_openapi_schema())
    schemas: dict[str, Any] = document.get("components", {}).get("schemas", {})
    return tuple(
        _call(path, method, item[method], schemas)
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    )


def _call(path: str, method: str, item: dict, schemas: dict) -> CallDocument:
    body = item.get("requestBody", {}).get("content", {})
    content: dict[str, Any] = next(iter(body.values())) if body else {}
    schema = content.get("schema", {})
    return CallDocument(
        anchor=item.get("operationId", f"{method}-{path}"),
        method=method.upper(),
        path=path,
        title=item.get("summary", ""),
        text=item.get("description", ""),
        parameters=tuple(
            FieldLine(
                name=parameter["name"],
                kind=f"{parameter['in']}, {_kind(parameter.get('schema', {}), schemas)}",
                is_required=parameter.get("required", False),
                text=parameter.get("description", ""),
            )
            for parameter in item.get("parameters", ())
        ),
        fields=tuple(_fields(schema, schemas)),
        answers=tuple(
            (str(status), answer.get("description", ""))
            for status, answer in item.get("responses", {}).items()
        ),
        curl=_curl(path, method, schema, schemas),
    )


def _resolve(schema: dict, schemas: dict) -> dict:
    if "$ref" in schema:
        return schemas.get(schema["$ref"].rsplit("/", 1)[-1], {})
    for choice in schema.get("anyOf", ()):
        if choice.get("type") != "null":
            return _resolve(choice, schemas) | {
                key: schema[key] for key in ("description", "title") if key in schema
            }
    return schema


def _kind(schema: dict, schemas: dict) -> str:
    found = _resolve(schema, schemas)
    if "enum" in found:
        return " | ".join(str(value) for value in found["enum"])
    if found.get("type") == "array":
        return f"list of {_kind(found.get('items', {}), schemas)}"
    return found.get("format") or found.get("type") or "any"


def _fields(
    schema: dict, schemas: dict, before: str = "", depth: int = 0
) -> Iterator[FieldLine]:
    found = _resolve(schema, schemas)
    required = found.get("required", ())
    for name, part in found.get("properties", {}).items():
        inner = _resolve(part, schemas)
        yield FieldLine(
            name=before + name,
            kind=_kind(part, schemas),
            is_required=name in required,
            text=part.get("description") or inner.get("description", ""),
        )
        below = _resolve(inner.get("items", inner), schemas)
        if depth < DEPTH_MAX and "properties" in below:
            mark = "[]." if inner.get("type") == "array" else "."
            yield from _fields(below, schemas, before + name + mark, depth + 1)


def _curl(path: str, method: str, schema: dict, schemas: dict) -> str:
    lines = [f"curl -X {method.upper()} {settings.PUBLIC_URL}{path}"]
    lines.append('  -H "Authorization: Bearer $COUNTERSIGN_KEY"')
    if method == "post":
        lines.append('  -H "Content-Type: application/json"')
        if "events" not in path:
            lines.append('  -H "Idempotency-Key: $(uuidgen)"')
        example = _resolve(schema, schemas)
        given = example.get("example") or next(iter(example.get("examples", ())), None)
        if given:
            lines.append(f"  -d '{json.dumps(given, indent=2)}'")
    return " \\\n".join(lines)
