"""The OpenAPI description of the JSON routes, made from the table that serves them."""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import version
from typing import Any

from contexta.web._spec import Query, Spec, all_specs

_ID = re.compile(r"\{(\w+)\}")
_REFUSALS = {
    "400": "A parameter cannot be meant; the message names it.",
    "403": "Another site sent the request.",
    "404": "There is no such thing; details name the nearest.",
    "421": "The Host is not this server.",
    "503": "The workspace is locked or damaged, or the answer takes too long.",
}


@cache
def describe() -> dict[str, Any]:
    """Return the description as OpenAPI 3.1."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Contexta",
            "version": version("contexta"),
            "description": "Read-only questions to one workspace. JSON is strict: a number that "
            "is not finite is null, with its name beside it as <key>_marker.",
        },
        "paths": {spec.path: {"get": _operation(spec)} for spec in all_specs()},
        "components": {
            "schemas": {"Error": _ERROR},
            "responses": {
                status: {
                    "description": text,
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Error"}}
                    },
                }
                for status, text in _REFUSALS.items()
            },
        },
    }


def _operation(spec: Spec) -> dict[str, Any]:
    ids = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _ID.findall(spec.path)
    ]
    return {
        "operationId": re.sub(r"\W+", "_", spec.path).strip("_"),
        "summary": spec.about,
        "parameters": [*ids, *map(_parameter, spec.query)],
        "responses": {
            "200": {"description": spec.about, "content": {spec.media: {"schema": _schema(spec)}}},
            "304": {"description": "Not changed since the answer whose ETag was sent."},
            **{status: {"$ref": f"#/components/responses/{status}"} for status in _REFUSALS},
        },
    }


def _parameter(query: Query) -> dict[str, Any]:
    return {
        "name": query.name,
        "in": "query",
        "required": query.required,
        "description": query.about,
        "schema": {"type": query.type},
    }


def _schema(spec: Spec) -> dict[str, Any]:
    if not spec.keys:
        return {"type": "string"}
    return {
        "type": "object",
        "required": sorted(spec.keys),
        "properties": {key: {} for key in spec.keys},
    }


_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "details", "message"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "details": {"type": ["object", "null"]},
            },
        }
    },
}
