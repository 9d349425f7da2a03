"""Extensions: namespaced fields that other parties attach to the models.

An extension travels with its object and needs no registration to be stored or read back. A
registry, where you use one, adds ownership: who may define a namespace, on which models, and
which of its fields nobody else may change.
"""

from contexta.contract._extensions._field_set import (
    EXTENSION_FIELD_KEY_PATTERN,
    EXTENSION_NAMESPACE_PATTERN,
    EXTENSION_NAMESPACE_SEGMENT_PATTERN,
    MAX_EXTENSION_NAMESPACE_LENGTH,
    ExtensionFieldSet,
    validate_extension_field_key,
    validate_extension_namespace,
)

__all__ = [
    "EXTENSION_FIELD_KEY_PATTERN",
    "EXTENSION_NAMESPACE_PATTERN",
    "EXTENSION_NAMESPACE_SEGMENT_PATTERN",
    "MAX_EXTENSION_NAMESPACE_LENGTH",
    "ExtensionFieldSet",
    "validate_extension_field_key",
    "validate_extension_namespace",
]
