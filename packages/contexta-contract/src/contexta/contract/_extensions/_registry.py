"""All registered namespaces."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from contexta.contract._extensions._entry import EXTENSION_TARGET_MODELS, ExtensionRegistryEntry
from contexta.contract._extensions._field_set import (
    ExtensionFieldSet,
    sort_extensions,
    validate_extension_namespace,
)
from contexta.contract._model._failures import error_of
from contexta.contract._problems import ProblemsFound
from contexta.contract.errors._contract import ValidationError
from contexta.contract.errors._general import ConflictError, NotFoundError
from contexta.contract.errors._jsonsafe import short_repr


@dataclass(frozen=True)
class ExtensionRegistry:
    """An immutable set of entries, one for each namespace, sorted by namespace.

    Raises:
        ConflictError: ``extension_registry_duplicate_namespace``.
    """

    entries: tuple[ExtensionRegistryEntry, ...] = ()
    _by_namespace: dict[str, ExtensionRegistryEntry] = field(
        init=False, repr=False, compare=False, hash=False
    )

    def __post_init__(self) -> None:
        by_namespace: dict[str, ExtensionRegistryEntry] = {}
        for entry in self.entries:
            if not isinstance(entry, ExtensionRegistryEntry):
                raise ValidationError(
                    f"{short_repr(entry)} is {type(entry).__name__}, not an "
                    "ExtensionRegistryEntry; build one first",
                    code="context_invalid_extensions",
                    details={"type": type(entry).__name__},
                )
            if entry.namespace in by_namespace:
                raise ConflictError(
                    f"namespace {entry.namespace!r} is registered already; choose another one",
                    code="extension_registry_duplicate_namespace",
                    details={"namespace": entry.namespace},
                )
            by_namespace[entry.namespace] = entry
        ordered = dict(sorted(by_namespace.items()))
        object.__setattr__(self, "_by_namespace", ordered)
        object.__setattr__(self, "entries", tuple(ordered.values()))

    def get_entry(self, namespace: str) -> ExtensionRegistryEntry | None:
        """Return the entry, or ``None``.

        Raises:
            ValidationError: ``extension_invalid_namespace``.
        """
        return self._by_namespace.get(validate_extension_namespace(namespace))

    def require_entry(self, namespace: str) -> ExtensionRegistryEntry:
        """Return the entry.

        Raises:
            NotFoundError: ``extension_registry_missing_namespace``.
        """
        entry = self.get_entry(namespace)
        if entry is None:
            known = ", ".join(self._by_namespace) or "none"
            raise NotFoundError(
                f"namespace {namespace!r} is not registered (registered: {known}); "
                "register it first",
                code="extension_registry_missing_namespace",
                details={"namespace": namespace},
            )
        return entry

    def register(self, entry: ExtensionRegistryEntry) -> ExtensionRegistry:
        """Return a new registry with ``entry`` added."""
        return ExtensionRegistry((*self.entries, entry))

    def owner_for(self, namespace: str) -> str | None:
        """Return the owner's slug, or ``None`` if the namespace is unknown."""
        entry = self.get_entry(namespace)
        return entry.owner_slug if entry else None

    def allows_target_model(self, namespace: str, target_model: str) -> bool:
        """Tell whether the namespace may appear on that model; unknown ones may not."""
        entry = self.get_entry(namespace)
        return entry is not None and entry.allows_target_model(target_model)

    def resolve_extension(
        self, extension: ExtensionFieldSet, *, target_model: str
    ) -> ExtensionFieldSet:
        """Return the extension with the entry's read-only fields, as far as it has them.

        Raises:
            ValidationError: ``extension_registry_invalid_target_models`` or
                ``extension_registry_target_model_mismatch``.
            NotFoundError: ``extension_registry_missing_namespace``.
        """
        if target_model not in EXTENSION_TARGET_MODELS:
            raise ValidationError(
                f"target model {short_repr(target_model)} is unknown; "
                f"use one of {', '.join(EXTENSION_TARGET_MODELS)}",
                code="extension_registry_invalid_target_models",
                details={"target_model": target_model, "allowed": EXTENSION_TARGET_MODELS},
            )
        entry = self.require_entry(extension.namespace)
        if not entry.allows_target_model(target_model):
            raise ValidationError(
                f"namespace {extension.namespace!r} may not appear on {target_model!r}; "
                f"it is registered for {', '.join(entry.target_models)}",
                code="extension_registry_target_model_mismatch",
                details={"namespace": extension.namespace, "target_model": target_model},
            )
        present = [name for name in entry.readonly_fields if name in extension.fields]
        return extension.with_additional_readonly_fields(present)

    def normalize_extensions(
        self, extensions: Iterable[ExtensionFieldSet], *, target_model: str
    ) -> tuple[ExtensionFieldSet, ...]:
        """Resolve every extension and return them sorted by namespace.

        Raises:
            DuplicateNamespaceError: a namespace appears twice (also a ``ConflictError``).
        """
        resolved = tuple(self.resolve_extension(e, target_model=target_model) for e in extensions)
        try:
            return sort_extensions(resolved)
        except ProblemsFound as exc:
            failure = error_of(exc.problems)
        raise failure

    def __reduce__(self) -> tuple[object, ...]:
        return ExtensionRegistry, (self.entries,)
