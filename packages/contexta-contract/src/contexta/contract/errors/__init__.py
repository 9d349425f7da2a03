"""Every exception that Contexta raises.

One root, :class:`ContextaError`; one base per layer below it, so that you can catch "anything
from a store" or "anything from capture" in one clause; and the matching built-in beside it
wherever there is one (``ValueError``, ``LookupError``, ``OSError``, ...).

Compare ``error.code``, never the message: codes are stable. ``error.details`` are facts as JSON
data, ``error.retryable`` says whether the same call may work later, ``error.exit_code`` is what
the command line exits with. ``error.to_dict()`` is JSON, with the chain of causes.

What a caller can do:

* ``ValidationError``: fix the values; ``error.issues`` names all of them with their paths.
* ``SerializationError``: the text or object is not the wire form that was asked for.
* ``NotFoundError``, ``ConflictError``: look the name up, or choose another one.
* ``ConfigurationError``, ``DependencyError``: fix the set-up; the message says how.
* ``StoreAccessError``: retry when ``retryable``; otherwise check disk and permissions.
* ``IntegrityError``, ``SchemaVersionError``: do not write; verify, or restore from a backup.
* ``LifecycleError``: the order of the calls is wrong in your program.
"""

from contexta.contract.errors._base import ContextaError, is_transient
from contexta.contract.errors._capture import (
    CaptureError,
    ClosedScopeError,
    DispatchError,
    LifecycleError,
)
from contexta.contract.errors._contract import (
    ArgumentError,
    ContractError,
    FrozenModelError,
    SerializationError,
    ValidationError,
)
from contexta.contract.errors._general import (
    CompatibilityError,
    ConfigurationError,
    ConflictError,
    DependencyError,
    DuplicateNamespaceError,
    NotFoundError,
)
from contexta.contract.errors._stores import (
    ArtifactError,
    IntegrityError,
    MetadataError,
    MigrationError,
    ReadOnlyStoreError,
    RecordError,
    SchemaVersionError,
    StoreAccessError,
    StoreError,
)
from contexta.contract.errors._upper import (
    InterpretationError,
    RecoveryError,
    RenderingError,
    SurfaceError,
)

__all__ = [
    "ArgumentError",
    "ArtifactError",
    "CaptureError",
    "ClosedScopeError",
    "CompatibilityError",
    "ConfigurationError",
    "ConflictError",
    "ContextaError",
    "ContractError",
    "DependencyError",
    "DispatchError",
    "DuplicateNamespaceError",
    "FrozenModelError",
    "IntegrityError",
    "InterpretationError",
    "LifecycleError",
    "MetadataError",
    "MigrationError",
    "NotFoundError",
    "ReadOnlyStoreError",
    "RecordError",
    "RecoveryError",
    "RenderingError",
    "SchemaVersionError",
    "SerializationError",
    "StoreAccessError",
    "StoreError",
    "SurfaceError",
    "ValidationError",
    "is_transient",
]
