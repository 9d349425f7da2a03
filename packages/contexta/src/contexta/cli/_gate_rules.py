"""The options of a gate: rules by file or one by one, and what to compare with."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from contexta.cli._conditions import condition_of
from contexta.cli._data_file import read_data
from contexta.cli._sides import Side, side_options

if TYPE_CHECKING:
    from contexta.interpretation.gate import GateResult, GateRule


class GateOptions(NamedTuple):
    """What a gate was asked."""

    run_ids: tuple[str, ...]
    rules_files: tuple[str, ...]
    require: tuple[str, ...]
    no_regression: tuple[str, ...]
    margin: float | None
    relative_margin: float | None
    alpha: float
    method: str
    stages: tuple[str, ...]
    metrics: tuple[str, ...]
    artifacts: tuple[str, ...]
    no_errors: bool
    complete: bool
    correction: str
    baseline: Side

    def rules(self) -> "tuple[GateRule, ...]":
        """The rules, those of files first.

        Raises:
            UsageError: there are none, or a condition is none.
            ValidationError: a file cannot be read; faulty rules, all faults at once.
        """
        from contexta.interpretation.gate import parse_rules

        data = [item for path in self.rules_files for item in _listed(read_data(path))]
        data += self._options()
        if not data:
            raise click.UsageError(
                "a gate without rules lets everything pass; give --rules FILE, or rules such as "
                "--require 'accuracy >= 0.9'"
            )
        return parse_rules(data)

    def evaluate(self, ctx: Any, rules: "tuple[GateRule, ...]") -> "GateResult":
        """Ask for the verdict."""
        baseline = self.baseline.selection() if self.baseline.given else None
        correction = None if self.correction == "none" else self.correction
        found: GateResult = ctx.evaluate_gate(
            list(self.run_ids), rules, baseline, correction=correction
        )
        return found

    def _options(self) -> list[dict[str, Any]]:
        rules: list[dict[str, Any]] = []
        for text in self.require:
            key, stage, operator, value = condition_of(text, "--require")
            rules.append(
                {
                    "type": "threshold",
                    "metric_key": key,
                    "operator": operator,
                    "value": value,
                    "stage_name": stage,
                }
            )
        test = {"alpha": self.alpha, "method": self.method}
        if self.margin is not None:
            test["margin"] = self.margin
        if self.relative_margin is not None:
            test["relative_margin"] = self.relative_margin
        for text in self.no_regression:
            key, at, stage = text.rpartition("@")
            place = {"metric_key": key, "stage_name": stage} if at else {"metric_key": text}
            rules.append({"type": "no_regression", **place, **test})
        for kind, field, names in (
            ("required_stages", "stage_names", self.stages),
            ("required_metrics", "metric_keys", self.metrics),
            ("required_artifacts", "kinds", self.artifacts),
        ):
            if names:
                rules.append({"type": kind, field: list(names)})
        rules += [{"type": "no_errors"}] if self.no_errors else []
        rules += [{"type": "completeness"}] if self.complete else []
        return rules


def _listed(data: Any) -> list[Any]:
    if isinstance(data, Mapping) and "type" not in data:
        from contexta.interpretation.gate import parse_rules

        if set(data) - {"rules"} or not isinstance(data.get("rules"), list):
            parse_rules(data)  # names what is wrong
        data = data.get("rules")
    return list(data) if isinstance(data, list) else [data]


def gate_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the arguments and options of a gate; the command gets them as ``asked``."""

    @wraps(command)
    def called(*args: Any, **rest: Any) -> Any:
        asked = GateOptions(**{name: rest.pop(name) for name in GateOptions._fields})
        return command(*args, asked=asked, **rest)

    found: Callable[..., Any] = called
    for option in reversed(_OPTIONS):
        found = option(found)
    return found


def _several(*names: str, metavar: str, text: str) -> Callable[..., Any]:
    return click.option(*names, multiple=True, metavar=metavar, help=f"{text} Repeatable.")


_OPTIONS: tuple[Callable[..., Any], ...] = (
    click.argument("run_ids", metavar="RUN...", nargs=-1, required=True),
    _several("--rules", "rules_files", metavar="FILE", text="Rules from a TOML or JSON file."),
    _several(
        "--require",
        metavar="COND",
        text="A threshold to meet, such as 'accuracy >= 0.9' or 'loss@eval < 2'.",
    ),
    _several(
        "--no-regression",
        metavar="METRIC",
        text="A metric that must not be worse than in the baseline; METRIC@STAGE for one stage.",
    ),
    _several("--require-stage", "stages", metavar="NAME", text="A stage to have completed."),
    _several("--require-metric", "metrics", metavar="KEY", text="A metric to have."),
    _several("--require-artifact", "artifacts", metavar="KIND", text="A kind of artifact to have."),
    click.option("--no-errors", is_flag=True, help="Diagnostics must find no error."),
    click.option("--complete", is_flag=True, help="Nothing may be known to be missing."),
    side_options("baseline", "to compare with"),
    click.option("--margin", type=float, metavar="X", help="How much worse is still as good."),
    click.option(
        "--relative-margin", type=float, metavar="X", help="The same as a share of the mean."
    ),
    click.option(
        "--alpha", type=float, default=0.05, show_default=True, help="The level of --no-regression."
    ),
    click.option(
        "--method",
        type=click.Choice(["welch", "permutation"]),
        default="welch",
        show_default=True,
        help="The test of --no-regression.",
    ),
    click.option(
        "--correction",
        type=click.Choice(["holm", "bh", "none"]),
        default="holm",
        show_default=True,
        help="Over all regression tests of the gate.",
    ),
)
