"""What people call an artifact, a run or a stage, as a ref."""

from difflib import get_close_matches
from typing import TYPE_CHECKING

from contexta.contract.errors import NotFoundError, ValidationError
from contexta.contract.refs import StableRef, validate_stable_ref_kind

if TYPE_CHECKING:
    from contexta.client import Contexta


def artifact_ref(ctx: "Contexta", text: str) -> str:
    """Return the ref of a stored artifact, given whole or by its unique ending.

    Raises:
        NotFoundError: `artifact_not_found`, with the nearest.
        ResolutionError: several fit.
        ValidationError: it begins with `artifact:` and is no ref.
    """
    found = ctx.repository.get_artifact(text)
    if found is not None:
        return found.artifact_ref
    known = ctx.artifact_store.list_refs()
    value = text.removeprefix("artifact:")
    near = [ref for ref in known if value and value in ref][:5] or [
        f"artifact:{name}"
        for name in get_close_matches(value, [ref.partition(":")[2] for ref in known[:5000]], n=3)
    ]
    hint = f"; nearest: {', '.join(near)}" if near else ", see `contexta artifact list`"
    raise NotFoundError(
        f"artifact {text!r} not found{hint}",
        code="artifact_not_found",
        details={"artifact_ref": text, "nearest": near},
    )


def run_ref(ctx: "Contexta", text: str) -> str:
    """Return the full ref of a run; one that is written out need not be stored.

    Raises:
        ResolutionError: nothing fits, or several do.
        ValidationError: it begins with `run:` and is no ref.
    """
    if not text.startswith("run:"):
        return ctx.query_service.require_run(text).run_id
    ref = StableRef.parse(text)
    validate_stable_ref_kind(ref, "run")
    if len(ref.components) != 2:
        raise ValidationError(
            f"{text!r} is no ref of a run; write run:PROJECT.RUN",
            code="cli_invalid_run_ref",
            details={"run": text},
        )
    return ref.text


def stage_ref(text: str | None, run: str) -> str | None:
    """Return the ref of a stage, given whole or by its name in the run."""
    if text is None or text.startswith("stage:"):
        return text
    return f"stage:{run.partition(':')[2]}.{text}"
