"""Stable references: the text ``kind:component.component`` that names one thing for ever.

A ref is a key, never a path. Its components are lower-case words joined by hyphens, so a ref
survives file names, URLs and SQL unquoted. Names that people choose are free text; the ref gets
:func:`slugify` of the name and the name itself is kept beside it.
"""

from contexta.contract._refs._fields import (
    STABLE_REF_FIELD_KIND_MAP,
    validate_core_stable_ref,
    validate_stable_ref_field,
    validate_stable_ref_kind,
)
from contexta.contract._refs._slug import slugify
from contexta.contract._refs._stable_ref import (
    CORE_STABLE_REF_COMPONENT_COUNTS,
    CORE_STABLE_REF_KINDS,
    MAX_STABLE_REF_COMPONENT_LENGTH,
    MAX_STABLE_REF_TEXT_LENGTH,
    STABLE_REF_COMPONENT_PATTERN,
    STABLE_REF_KIND_PATTERN,
    StableRef,
)

__all__ = [
    "CORE_STABLE_REF_COMPONENT_COUNTS",
    "CORE_STABLE_REF_KINDS",
    "MAX_STABLE_REF_COMPONENT_LENGTH",
    "MAX_STABLE_REF_TEXT_LENGTH",
    "STABLE_REF_COMPONENT_PATTERN",
    "STABLE_REF_FIELD_KIND_MAP",
    "STABLE_REF_KIND_PATTERN",
    "StableRef",
    "slugify",
    "validate_core_stable_ref",
    "validate_stable_ref_field",
    "validate_stable_ref_kind",
]
