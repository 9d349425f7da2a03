"""Turn what validation found into one ``ConfigurationError`` that lists every problem."""

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

import pydantic

from contexta.contract.errors import ConfigurationError, ContextaError

INVALID_VALUE = "invalid_config_value"
UNKNOWN_FIELD = "unknown_config_field"

_QUOTED = re.compile(r"'([^']*)'")
_MAX_SHOWN = 80


class Problem(NamedTuple):
    """One wrong setting: its dotted key, the value, the rule that it breaks and the way out."""

    key: str
    value: Any
    rule: str
    code: str = INVALID_VALUE
    allowed: tuple[str, ...] = ()
    origin: str = ""
    env_key: str = ""

    def text(self) -> str:
        """The sentence shown to people."""
        origin = f" (from {self.origin})" if self.origin else ""
        if self.code == UNKNOWN_FIELD:
            return f"{self.key}{origin}: {self.rule}"
        return f"{self.key} = {show(self.value)}{origin}: {self.rule}"

    def details(self) -> dict[str, Any]:
        """The same for machines, JSON-safe."""
        found: dict[str, Any] = {
            "key": self.key,
            "value": plain(self.value),
            "rule": self.rule,
            "code": self.code,
        }
        if self.allowed:
            found["allowed"] = list(self.allowed)
        if self.origin:
            found["origin"] = self.origin
        if self.env_key:
            found["env_key"] = self.env_key
        return found


def show(value: object) -> str:
    """A short printable form of any value."""
    try:
        text = ascii(value)
    except Exception:  # nested too deeply, or a foreign __repr__ that raises
        text = f"<{type(value).__name__}>"
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."


def plain(value: object) -> Any:
    """The value itself when JSON can hold it, else its short printable form."""
    return value if value is None or isinstance(value, bool | int | str) else show(value)


def settings_error(
    problems: Sequence[Problem], *, cause: BaseException | None = None
) -> ConfigurationError:
    """One error for all problems; code and top-level details are those of the first."""
    first = problems[0]
    details = first.details() | {"problems": [problem.details() for problem in problems]}
    unknown = [problem for problem in problems if problem.code == UNKNOWN_FIELD]
    if unknown:
        details["unknown_keys"] = [problem.key.rpartition(".")[2] for problem in unknown]
    if len(problems) == 1:
        message = first.text()
    else:
        lines = "\n".join(f"- {problem.text()}" for problem in problems)
        message = f"{len(problems)} settings are wrong:\n{lines}"
    return ConfigurationError(message, code=first.code, details=details, cause=cause)


def problems_in(
    error: pydantic.ValidationError, model: type[pydantic.BaseModel], section: str
) -> list[Problem]:
    """Flatten a pydantic error, also where nested sections raised their own."""
    found: list[Problem] = []
    for entry in error.errors(include_url=False):
        key = _join(section, entry["loc"])
        inner = entry.get("ctx", {}).get("error")
        if isinstance(inner, ContextaError):
            found.extend(problems_of(inner) or _of_store_section(inner, key, entry, model))
        elif entry["type"] == "extra_forbidden":
            found.append(unknown_setting(key, entry["input"], model.model_fields))
        else:
            found.append(_problem_of_entry(entry, key))
    return found


def problems_of(error: ContextaError) -> list[Problem]:
    """The problems that ``settings_error`` packed into an error; empty for a foreign one."""
    packed = (error.details or {}).get("problems", ())
    return [
        Problem(
            key=str(one["key"]),
            value=one["value"],
            rule=str(one["rule"]),
            code=str(one["code"]),
            allowed=tuple(one.get("allowed", ())),
            origin=str(one.get("origin", "")),
            env_key=str(one.get("env_key", "")),
        )
        for one in packed
        if isinstance(one, Mapping) and "key" in one
    ]


def unknown_setting(key: str, value: object, known: Iterable[str]) -> Problem:
    """The problem of a key that no section has, with the nearest one that exists."""
    names = sorted(known)
    prefix, _, name = key.rpartition(".")
    near = get_close_matches(name, names, n=1)
    scope = f"{prefix}." if prefix else ""
    hint = f"did you mean {scope}{near[0]}?" if near else f"known here: {', '.join(names)}"
    return Problem(key, value, f"there is no such setting; {hint}", UNKNOWN_FIELD, tuple(names))


def _of_store_section(
    inner: ContextaError, key: str, entry: Any, model: type[pydantic.BaseModel]
) -> list[Problem]:
    """The problems of a section that a store owns, which has an error form of its own."""
    section = model.model_fields[str(entry["loc"][0])].annotation
    known = section.model_fields if isinstance(section, type) else {}
    given = entry["input"] if isinstance(entry["input"], Mapping) else {}
    found: list[Problem] = []
    for one in (inner.details or {}).get("problems", ()):
        name = str(one.get("field"))
        rule = str(one.get("rule") or one.get("message")).removeprefix("Value error, ")
        value = given.get(name, one.get("value"))
        if name in known:
            found.append(Problem(f"{key}.{name}", value, rule, allowed=_allowed(rule)))
        else:
            found.append(unknown_setting(f"{key}.{name}", value, known))
    return found or [Problem(key, entry["input"], inner.message)]


def _allowed(rule: str) -> tuple[str, ...]:
    return tuple(_QUOTED.findall(rule))


def _problem_of_entry(entry: Any, key: str) -> Problem:
    context = entry.get("ctx", {})
    kind, value = entry["type"], entry["input"]
    if kind == "literal_error":
        allowed = tuple(_QUOTED.findall(str(context["expected"])))
        return Problem(key, value, f"must be one of {', '.join(allowed)}", allowed=allowed)
    if kind == "value_error":
        return Problem(key, value, str(context["error"]))
    if kind in ("model_type", "model_attributes_type"):
        name = context.get("class_name", "section")
        return Problem(key, value, f"must be a {name} or a mapping of its settings")
    bounds = {
        "greater_than": "must be greater than {gt}",
        "greater_than_equal": "must be at least {ge}",
        "less_than_equal": "must be at most {le}",
    }
    if kind in bounds:
        return Problem(key, value, bounds[kind].format(**context))
    return Problem(key, value, entry["msg"])


def _join(section: str, location: Iterable[int | str]) -> str:
    parts = [section] if section else []
    parts += [str(part) for part in location]
    return ".".join(parts)
