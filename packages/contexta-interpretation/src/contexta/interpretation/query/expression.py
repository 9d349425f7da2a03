"""Run expressions: a small language that says which runs are wanted.

``params.lr < 0.01 and metrics.accuracy.max > 0.9 or tags.team = "vision"``

**Fields.** Texts: ``id`` (the whole ref), ``name``, ``status``, ``project`` (its name),
``code_revision``, ``dataset_ref``, ``tags.<key>``. Times: ``started_at``, ``ended_at``. Numbers:
``duration`` (seconds, known once a run has ended), ``metrics.<key>``. Any of them:
``params.<key>``.

**Keys.** A bare key is letters, digits, ``_ . / : -`` (``params.optimizer.lr``,
``metrics.val/loss``); any other is put in quotes, backticks or brackets: ``params."a b"``,
``params.`a b```, ``params["a b"]``. Since ``-`` and ``/`` belong to keys, put spaces around
nothing: there is no arithmetic.

**Metrics.** ``metrics.loss`` is the value observed last; ``.last .first .min .max .mean .count
.nonfinite`` and ``.at(100)`` (the value at step 100, of several the one observed last) are the
others. In a bare key of several parts the last part is the statistic when it is one of these
words; in quotes nothing is: ``metrics.loss.max`` is the maximum of ``loss``,
``metrics."loss.max"`` the last value of ``loss.max``, ``metrics."loss.max".min`` its minimum.
``metrics.loss@train.max`` asks the stage ``train``; without a stage the value is the run's own,
else that of the stage observed last. ``min``, ``max`` and ``mean`` are over finite values.

**Comparisons.** ``= == != <> < <= > >=``, ``in (…)``, ``not in (…)``, ``between a and b`` (both
included), ``is null``, ``is not null``; for texts ``contains "part"``, ``like "res*_v?"`` (the
whole text; ``*`` any run of characters, ``?`` one), their ``not`` forms, and ``~ "part"``,
``!~ "part"`` (as ``contains``, but A to Z equal a to z). All others heed case; texts are ordered
by code point. ``not`` binds closest, then ``and``, then ``or``.

**Values.** Numbers (``1e-3``, ``inf``, ``-inf``, ``nan``), texts in either quotes with
backslash escapes, ``true``, ``false``; for times ISO text (UTC unless it has an offset; a date
alone stands for the whole day, so ``started_at <= "2026-01-31"`` includes that day), ``now``,
``now - 7d``, ``ago(7d)``; for ``duration`` also ``90s``, ``15m``, ``2h``, ``7d``, ``1w``.

**What is not known.** Logic has three values, as in SQL. A comparison with a missing value is
neither true nor false but unknown, ``not`` of unknown is unknown, and a run is listed only when
the whole is true. So ``not (metrics.accuracy > 0.9)`` means the same as ``metrics.accuracy <=
0.9`` and never lists a run of which nothing is known; in a logic of two values it would, and
``a != b`` would differ from ``not a = b``. ``is null`` tests for it and is always true or false.
Missing are: a key that the run does not have, a parameter that is None, an end that has not
come, ``min``/``max``/``mean`` without finite values. ``count`` and ``nonfinite`` are 0 instead.

**Kinds.** Numbers compare as doubles. A number and a text are different: ``=`` is false, ``!=``
is true, an order or a text match is unknown. So ``params.lr < 0.01`` does not see a parameter
that was stored as the text "0.01"; ``params.lr = "0.01"`` does. True and False are the texts
``true`` and ``false``, in values and in parameters. In a parameter the texts ``null``, ``NaN``,
``Infinity``, ``-Infinity``, ``nan``, ``inf`` and ``-inf`` are the values that they name, for a run
keeps both alike.

**NaN** is a known value: every comparison with it is false, but ``!=`` is true. ``= nan`` and
``!= nan`` test for it.

**Status** is the true one: an open run whose process has died is ``interrupted``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from contexta.contract.errors import ValidationError
from contexta.interpretation.query._expression_errors import INVALID
from contexta.interpretation.query._expression_nodes import Field, Node, comparisons
from contexta.interpretation.query._expression_parser import parse


class RunExpression:
    """A checked expression; immutable, equal and hashed by its text, pickled as its text."""

    __slots__ = ("_node", "_text")

    def __init__(self, text: str) -> None:
        """Check ``text``; see :mod:`contexta.interpretation.query.expression` for the language.

        Raises:
            ValidationError: ``query_invalid_expression``, with ``line``, ``column`` (both from
                1), ``expected`` and ``nearest`` in its details;
                ``query_expression_too_large`` beyond 10,000 characters, 20 levels of nesting,
                200 comparisons, or 20 stars in a pattern.
        """
        if not isinstance(text, str):
            raise ValidationError(
                f"an expression is a text such as \"status = 'completed'\", not {text!r:.80}",
                code=INVALID,
                details={"type": type(text).__name__},
            )
        self._node = parse(text)
        self._text = text

    @classmethod
    def parse(cls, text: str) -> RunExpression:
        """Return the expression of a text; those asked for lately are kept.

        Raises:
            ValidationError: as the constructor.
        """
        return _kept(text) if isinstance(text, str) else cls(text)

    @property
    def text(self) -> str:
        """What it was parsed from."""
        return self._text

    @property
    def node(self) -> Node:
        """What it says, for those who evaluate it."""
        return self._node

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that it names, each once, in one spelling, in their order."""
        return self._names(lambda field: field.text)

    @property
    def param_keys(self) -> tuple[str, ...]:
        """The keys of parameters that it names."""
        return self._keys("params")

    @property
    def tag_keys(self) -> tuple[str, ...]:
        """The keys of tags that it names."""
        return self._keys("tags")

    @property
    def metric_keys(self) -> tuple[str, ...]:
        """The keys of metrics that it names."""
        return self._keys("metrics")

    def _keys(self, name: str) -> tuple[str, ...]:
        return self._names(lambda field: field.key if field.name == name else None)

    def _names(self, name_of: Callable[[Field], str | None]) -> tuple[str, ...]:
        found = (name_of(item.field) for item in comparisons(self._node))
        return tuple(dict.fromkeys(name for name in found if name is not None))

    def __eq__(self, other: object) -> bool:
        return self._text == other._text if isinstance(other, RunExpression) else NotImplemented

    def __hash__(self) -> int:
        return hash((RunExpression, self._text))

    def __reduce__(self) -> tuple[type[RunExpression], tuple[str]]:
        return (RunExpression, (self._text,))

    def __repr__(self) -> str:
        return f"RunExpression({self._text!r})"


@lru_cache(maxsize=256)
def _kept(text: str) -> RunExpression:
    return RunExpression(text)
