"""The planes of a workspace, one by one: a damaged one must not hide the others."""

from typing import TYPE_CHECKING, Any, NamedTuple

from contexta.contract.errors import StoreError

if TYPE_CHECKING:
    from contexta.client import Contexta

NAMES = ("metadata", "records", "artifacts")
_STORES = {
    "metadata": "metadata_store",
    "records": "record_store",
    "artifacts": "artifact_store",
}


class Planes(NamedTuple):
    """The stores that could be opened, and why the others could not, by plane."""

    stores: dict[str, Any]
    failures: dict[str, StoreError]


def open_planes(ctx: "Contexta", wanted: tuple[str, ...] = NAMES) -> Planes:
    """Open each plane by itself."""
    stores: dict[str, Any] = {}
    failures: dict[str, StoreError] = {}
    for name in wanted:
        try:
            stores[name] = getattr(ctx, _STORES[name])
        except StoreError as error:
            failures[name] = error
    return Planes(stores, failures)
