"""``contexta repair plan``: what can be mended, and how."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import click

from contexta.cli._following import waiting
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import printable
from contexta.cli.care._planes import NAMES, Planes, open_planes

_NOOP = "noop"


@dataclass(frozen=True)
class RepairPlans:
    """The plans of the planes that could be opened, and why the others have none."""

    records: Any
    metadata: Any
    artifacts: Any
    missing: tuple[str, ...]
    failures: dict[str, Any]

    @property
    def steps(self) -> int:
        """How many things there are to mend."""
        return len(self.record_steps) + len(self.candidates) + len(self.actions)

    @property
    def record_steps(self) -> tuple[Any, ...]:
        """Steps of the record plane that change something."""
        steps = () if self.records is None else self.records.steps
        return tuple(step for step in steps if step.kind != "report_only")

    @property
    def hopeless(self) -> tuple[Any, ...]:
        """Damage of the record plane that nothing here can mend."""
        steps = () if self.records is None else self.records.steps
        return tuple(step for step in steps if step.kind == "report_only")

    @property
    def is_clean(self) -> bool:
        """Whether there is no damage at all."""
        return not (self.steps or self.hopeless or self.missing or self.failures)

    @property
    def candidates(self) -> tuple[Any, ...]:
        """What is wrong in the ledger."""
        return () if self.metadata is None else self.metadata.candidates

    @property
    def actions(self) -> tuple[str, ...]:
        """What the artifact plane would do, but for the stamps of a verification."""
        actions = () if self.artifacts is None else self.artifacts.actions
        return tuple(
            one for one in actions if one != _NOOP and not one.startswith("refresh_verification:")
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the plans as JSON data."""
        return {
            "records": [
                {"kind": one.kind, "path": one.path, "text": one.text}
                for one in (*self.record_steps, *self.hopeless)
            ],
            "metadata": [
                {
                    "issue_code": one.issue_code,
                    "ref": one.ref,
                    "action": one.action,
                    "rationale": one.rationale,
                }
                for one in self.candidates
            ],
            "artifacts": list(self.actions),
            "missing_artifacts": list(self.missing),
            "not_opened": {
                name: {"code": error.code, "message": error.message}
                for name, error in self.failures.items()
            },
            "steps": self.steps,
        }

    def lines(self) -> Iterator[str]:
        """Yield the plans for people."""
        for one in self.record_steps:
            yield f"records    {one.kind}: {printable(one.text)}"
        for one in self.candidates:
            ref = f" {printable(one.ref)}" if one.ref else ""
            yield f"metadata   {printable(one.action)}:{ref} {printable(one.rationale)}"
        for action in self.actions:
            verb, _, subject = action.partition(":")
            yield f"artifacts  {printable(verb)}: {printable(subject)}"
        for one in self.hopeless:
            yield f"records    cannot be mended here: {printable(one.text)}"
        for ref in self.missing:
            yield f"artifacts  {printable(ref)} has no body: put or import the right bytes again"
        for name, error in self.failures.items():
            yield f"{name}  cannot be opened: {error.code}: {printable(error.message)}"


plane_option: Callable[[Any], Any] = click.option(
    "--plane",
    "chosen",
    type=click.Choice(NAMES),
    multiple=True,
    help="Only this plane.  Repeatable.",
)


def repair_plans(planes: Planes) -> RepairPlans:
    """Ask each plane; it reads every byte and changes nothing."""
    stores = planes.stores
    return RepairPlans(
        stores["records"].plan_repairs() if "records" in stores else None,
        stores["metadata"].plan_repairs() if "metadata" in stores else None,
        stores["artifacts"].build_repair_plan() if "artifacts" in stores else None,
        _missing(stores["artifacts"]) if "artifacts" in stores else (),
        dict(planes.failures),
    )


def _missing(store: Any) -> tuple[str, ...]:
    """Return the artifacts whose body is not there."""
    refs = (one.artifact_ref for one in store.list_bindings())
    return tuple(ref for ref in refs if not store.artifact_exists(ref))


@click.command("plan")
@plane_option
@global_options
@click.pass_obj
def plan(state: State, chosen: tuple[str, ...]) -> int:
    """Say what can be mended, and how. Reads every byte, changes nothing.

    The exit code is 1 when there is damage.
    """
    ctx = state.open()
    with waiting(state, "reading every byte"):
        found = repair_plans(open_planes(ctx, chosen or NAMES))
    show(state, found, lambda: plan_lines(found))
    return 0 if found.is_clean else 1


def plan_lines(found: RepairPlans) -> Iterator[str]:
    """Yield the plan, and what to do next."""
    yield from found.lines()
    if found.is_clean:
        yield "Nothing needs to be mended."
        return
    yield ""
    if found.steps:
        yield "Nothing was changed. Do it: contexta repair apply"
    if found.hopeless or found.missing or found.failures:
        yield "The rest: contexta backup list, then contexta restore plan BACKUP;"
        yield "without a backup: contexta recover salvage"
