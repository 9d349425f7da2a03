"""What a store can do with refs of any kind: revisions, history, archive, mixed puts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contexta.contract.errors import NotFoundError, ValidationError
from contexta.store.metadata import _archive
from contexta.store.metadata._arguments import several
from contexta.store.metadata._history import changes_of, history_page
from contexta.store.metadata._paging import check_page
from contexta.store.metadata._refs import parse_ref, ref_text
from contexta.store.metadata._tables import TABLE_OF_REF_KIND

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeVar

    from contexta.contract.refs import StableRef
    from contexta.store.metadata._context import StoreContext
    from contexta.store.metadata._history import ChangeRow, LifecycleChange
    from contexta.store.metadata._paging import Page
    from contexta.store.metadata.repositories._base import Repository

    M = TypeVar("M")


class RefMethods:
    """The half of `MetadataStore` that takes refs and models of every kind."""

    _context: StoreContext
    # By entity kind, parents before children.
    _repositories: dict[str, Repository[Any]]

    @property
    def actor(self) -> str:
        """Who is named in the history of what this object changes; may be set."""
        return self._context.actor

    @actor.setter
    def actor(self, name: str) -> None:
        if not isinstance(name, str) or not name.strip() or len(name) > 200:
            raise ValidationError(
                f"An actor is a text of 1 to 200 characters, not {name!r:.80}.",
                code="metadata_invalid_actor",
            )
        self._context.actor = name

    def put_all(self, models: Iterable[M]) -> tuple[M, ...]:
        """Put models of any kinds in one transaction: all of them, or none.

        Their order does not matter: parents are stored before children. Of models with the same
        ref the last one counts.

        Returns:
            The models, in the order given.

        Raises:
            NotFoundError: When a parent is neither stored nor among the models.
            ValidationError: `metadata_store_invalid_model` for anything that is no entity.
        """
        given = several("models", models)
        sorted_out: dict[str, list[Any]] = {}
        for model in given:
            sorted_out.setdefault(self._kind_of(model), []).append(model)
        batches = [
            (repository, repository.by_ref(sorted_out[kind]))
            for kind, repository in self._repositories.items()
            if kind in sorted_out
        ]
        if batches:
            promised = frozenset(ref for _, latest in batches for ref in latest)
            with self._context.database.write() as connection:
                for repository, latest in batches:
                    repository.store_all(connection, latest, promised=promised)
        return given

    def revision_of(self, ref: StableRef | str) -> int | None:
        """Return the revision of a stored entity of any kind, or None.

        It grows by one with every change and never comes twice, not even after a deletion.
        """
        wanted = parse_ref(ref)
        repository = self._repository_for(wanted)
        try:
            return None if repository is None else repository.get_revision(wanted)
        except NotFoundError:
            return None

    def get_revision(self, ref: StableRef | str) -> int:
        """Return the revision of a stored entity of any kind.

        Raises:
            NotFoundError: `metadata_row_not_found`.
        """
        wanted = parse_ref(ref)
        repository = self._repository_for(wanted)
        if repository is None:
            raise NotFoundError(
                f"This plane stores nothing of the kind of {wanted.text!r}.",
                code="metadata_row_not_found",
                details={"table": None, "ref": wanted.text},
            )
        return repository.get_revision(wanted)

    def history(
        self, ref: StableRef | str, *, limit: int | None = None, after: str | None = None
    ) -> tuple[ChangeRow, ...]:
        """Return the changes in the life of one entity, oldest first; also of a deleted one."""
        return self._history(ref, limit, after).items

    def page_history(
        self, ref: StableRef | str, *, limit: int = 100, after: str | None = None
    ) -> Page[ChangeRow]:
        """Return the same, with the cursor of the page behind it."""
        check_page("limit", limit, least=1)
        return self._history(ref, limit, after)

    def list_lifecycle_changes(self, ref: StableRef | str) -> tuple[LifecycleChange, ...]:
        """Return the status changes of one entity, oldest first."""
        wanted = ref_text(ref)
        with self._context.database.read() as connection:
            return changes_of(connection, wanted, self._context.damage)

    def archive(self, refs: Iterable[StableRef | str]) -> tuple[str, ...]:
        """Mark entities as archived: lists leave them out when told `include_archived=False`.

        Nothing else changes about them, and what belongs to them is not archived with them.

        Returns:
            Those that were not archived before.

        Raises:
            NotFoundError: `metadata_row_not_found`, naming all that are not stored; nothing is
                archived then.
        """
        return _archive.archive(self._context, [parse_ref(ref) for ref in several("refs", refs)])

    def unarchive(self, refs: Iterable[StableRef | str]) -> tuple[str, ...]:
        """Take entities out of the archive; return those that were in it."""
        return _archive.unarchive(self._context, [parse_ref(ref) for ref in several("refs", refs)])

    def _history(
        self, ref: StableRef | str, limit: int | None, after: str | None
    ) -> Page[ChangeRow]:
        wanted = ref_text(ref)
        with self._context.database.read() as connection:
            return history_page(connection, wanted, self._context.damage, limit=limit, after=after)

    def _repository_for(self, ref: StableRef) -> Repository[Any] | None:
        table = TABLE_OF_REF_KIND.get(ref.kind)
        for repository in self._repositories.values():
            if repository.table is table:
                return repository
        return None

    def _kind_of(self, model: object) -> str:
        for kind, repository in self._repositories.items():
            if isinstance(model, repository.model):
                return kind
        raise ValidationError(
            f"{type(model).__name__} is no entity of the metadata plane.",
            code="metadata_store_invalid_model",
            details={"expected": sorted(self._repositories), "type": type(model).__name__},
        )
