"""Signatures written as text: names, `?` for an optional one, `=` before a default."""

import ast

NO_DEFAULT = object()


def tokens(text):
    """Names with their defaults; `NO_DEFAULT` for what must be given."""
    out = {}
    for token in text.split():
        name, _, value = token.partition("=")
        default = ast.literal_eval(value) if value else NO_DEFAULT
        out[name.rstrip("?")] = None if name.endswith("?") else default
    return out


def plain(value):
    """A default with mappings as dicts and sequences as tuples, so that content is compared."""
    if isinstance(value, (dict, tuple, list)):
        return dict(value) if isinstance(value, dict) else tuple(value)
    return value
