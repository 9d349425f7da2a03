"""The OpenAPI description: made from the table of routes, and right about it."""

import re
from collections import Counter

from contexta.web._openapi import describe
from contexta.web._routes import PAGES, find
from contexta.web._spec import all_specs


def operations():
    """Return the operation of each path."""
    return {path: item["get"] for path, item in describe()["paths"].items()}


def test_every_route_is_described_once():
    """The description has the paths of the table, and each operation a name of its own."""
    names = Counter(one["operationId"] for one in operations().values())

    assert ({spec.path for spec in all_specs()}, 1) == (set(operations()), max(names.values()))


def test_ids_of_a_path_are_required_parameters():
    """What stands in braces is described as a parameter of the path."""
    wrong = [
        path
        for path, operation in operations().items()
        if set(re.findall(r"{(\w+)}", path))
        != {one["name"] for one in operation["parameters"] if one["in"] == "path"}
    ]

    assert [] == wrong


def test_references_lead_to_something():
    """Each `$ref` of the description is there."""
    document = describe()
    refs = set(re.findall(r"'\$ref': '#/([^']+)'", str(document)))
    lost = []
    for ref in refs:
        place = document
        for part in ref.split("/"):
            place = place.get(part, {})
        lost += [] if place else [ref]

    assert (True, []) == (bool(refs), lost)


def test_each_route_is_found_by_its_own_address():
    """No address hides another: words are found before ids."""
    paths = [*PAGES, *(spec.path for spec in all_specs())]
    hidden = [
        path
        for path in paths
        if find(tuple(re.sub(r"{(\w+)}", "~x", path).strip("/").split("/"))).path != path
    ]

    assert [] == hidden


def test_each_handler_exists():
    """Every line of the tables names a function."""
    paths = [*PAGES, *(spec.path for spec in all_specs())]
    handlers = [
        find(tuple(re.sub(r"{(\w+)}", "~x", path).strip("/").split("/"))).load() for path in paths
    ]

    assert all(map(callable, handlers))
