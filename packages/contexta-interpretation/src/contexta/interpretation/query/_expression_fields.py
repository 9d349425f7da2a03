"""Fields as they are written, made into fields as they are meant."""

from __future__ import annotations

from typing import Any, NamedTuple

from contexta.interpretation._nearest import nearest
from contexta.interpretation.query._expression_errors import Refusal, shown
from contexta.interpretation.query._expression_nodes import (
    AT,
    MAPPINGS,
    RUN_FIELDS,
    STATISTICS,
    Field,
)
from contexta.interpretation.query._expression_texts import unquoted

_ALL_STATISTICS = (*STATISTICS, AT)
_MAX_STEP = 2**63


class WrittenField(NamedTuple):
    """A field and where it stands."""

    field: Field
    position: int


class _Rest(NamedTuple):
    """What follows a key: each part as its token, or ``None``."""

    stage: Any = None
    statistic: Any = None
    step: Any = None


def field_of(
    token: Any,
    *,
    key: Any = None,
    stage: Any = None,
    staged: Any = None,
    suffix: Any = None,
    step: Any = None,
) -> WrittenField:
    """Check a field.

    Args:
        token: ``status``, ``params.lr``, ``metrics.loss.max``, or ``metrics`` before a quoted key.
        key: The token of a quoted key.
        stage: The token of a stage, which holds nothing else.
        staged: The token of a bare stage, which may end in a statistic.
        suffix: Statistic and step after a quoted key or stage.
        step: The step of a bare ``.at(step)``.

    Raises:
        Refusal: it names nothing.
    """
    name, _, path = str(token).partition(".")
    position = token.start_pos
    if name not in MAPPINGS:
        return WrittenField(_run_field(token, name, path, key or stage or staged or step), position)
    statistic = None
    if suffix is not None:
        statistic, step = suffix[0], suffix[1] if len(suffix) > 1 else None
    if key is not None:
        if path:
            raise Refusal("a key in quotes stands for the whole key", key.start_pos)
        own = unquoted(key)
        if not own:
            raise Refusal("the key is empty", key.start_pos)
        return _with_rest(token, own, _Rest(stage, statistic, step))
    if not path:
        raise Refusal(f"the key is missing after {name}", position + len(name))
    if staged is not None:
        own_stage, _, ending = str(staged).partition(".")
        _refuse_statistic_before_stage(token, path)
        return _with_rest(token, path, _Rest(_cut(staged, own_stage), ending and staged, step))
    if stage is not None:
        _refuse_statistic_before_stage(token, path)
        return _with_rest(token, path, _Rest(stage, statistic, step))
    before, _, ending = path.rpartition(".")
    # The last of several parts is the statistic when it is one; a key in quotes never is.
    if name == "metrics" and before and ending in _ALL_STATISTICS:
        return _with_rest(token, before, _Rest(None, token, step))
    return _with_rest(token, path, _Rest(None, None, step))


def _refuse_statistic_before_stage(token: Any, path: str) -> None:
    """Refuse ``metrics.loss.max@fit``, which would silently ask for a metric ``loss.max``."""
    key, _, ending = path.rpartition(".")
    if str(token).startswith("metrics.") and key and ending in _ALL_STATISTICS:
        raise Refusal(
            f"the stage stands before the statistic, as in metrics.loss@fit.max; if {ending} "
            "belongs to the key, put the key in quotes",
            token.end_pos - len(ending),
        )


def _cut(token: Any, text: str) -> Any:
    return token.update(value=text)


def _run_field(token: Any, name: str, path: str, more: Any) -> Field:
    if name in RUN_FIELDS and not path and more is None:
        return Field(name)
    if name in RUN_FIELDS:
        raise Refusal(f"{name} is one value and has no parts", token.start_pos + len(name))
    known = (*RUN_FIELDS, *MAPPINGS)
    raise Refusal(
        f"{shown(str(token))} is no field of a run",
        token.start_pos,
        expected=(*RUN_FIELDS, *(f"{item}.<key>" for item in MAPPINGS)),
        nearest=nearest(name, known),
    )


def _with_rest(token: Any, key: str, rest: _Rest) -> WrittenField:
    name = str(token).partition(".")[0]
    position = token.start_pos
    if name != "metrics":
        odd = rest.stage or rest.statistic or rest.step
        if odd is not None and odd != "":
            raise Refusal(
                f"{name} have neither stages nor statistics; put the key in quotes",
                odd.start_pos,
            )
        return WrittenField(Field(name, key), position)
    stage = None if rest.stage is None else _stage(rest.stage)
    statistic, step = _statistic(rest)
    return WrittenField(Field(name, key, stage, statistic, step), position)


def _stage(token: Any) -> str:
    text = unquoted(token) if str(token)[:1] in "\"'`" else str(token)
    if not text.strip():
        raise Refusal("the stage is empty", token.start_pos)
    return text


def _statistic(rest: _Rest) -> tuple[str, int | None]:
    token = rest.statistic
    name = str(token).rpartition(".")[2] if token else "last"
    if name not in _ALL_STATISTICS:
        raise Refusal(
            f"{shown(name)} is no statistic of a metric",
            token.end_pos - len(name),
            expected=_ALL_STATISTICS,
            nearest=nearest(name, _ALL_STATISTICS),
        )
    if name != AT:
        if rest.step is not None:
            raise Refusal(f"{name} takes no step; only at(step) does", rest.step.start_pos)
        return name, None
    if rest.step is None:
        raise Refusal("at needs a step, such as at(100)", token.end_pos)
    return name, _step(rest.step)


def _step(token: Any) -> int:
    """Read a step exactly: a double would take one beyond 64 bits for one within."""
    number = float(token)
    if number.is_integer() and abs(number) <= _MAX_STEP:
        step = int(token) if token.lstrip("+-").isdigit() else int(number)
        if -_MAX_STEP <= step < _MAX_STEP:
            return step
    raise Refusal(f"{shown(token)} is no step: steps are whole numbers of 64 bits", token.start_pos)
