"""Where each value of a configuration came from."""

from typing import TYPE_CHECKING, Literal, NamedTuple

import pydantic

from contexta.config._leaves import settings

if TYPE_CHECKING:
    from contexta.config._unified import UnifiedConfig

SourceKind = Literal["default", "derived", "profile", "overlay", "project", "file", "env", "arg"]


class ValueSource(NamedTuple):
    """Origin of one value.

    Attributes:
        kind: ``default``; ``derived`` (a path that follows from the workspace);
            ``profile``; ``overlay``; ``project`` (found by searching up the tree);
            ``file``; ``env``; ``arg`` (given in code).
        detail: name of the profile, overlay or variable, or path of the file; else empty.
    """

    kind: SourceKind
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.detail}" if self.detail else self.kind


def config_provenance(config: "UnifiedConfig") -> dict[str, ValueSource]:
    """Say for every setting where its value came from.

    Returns:
        One entry per setting, by dotted key, in field order.
    """
    tracked = config.tracked_sources
    found: dict[str, ValueSource] = {}
    for setting in settings():
        owner: pydantic.BaseModel = config
        for name in setting.path[:-1]:
            owner = getattr(owner, name)
        given = setting.path[-1] in owner.model_fields_set
        if given:
            found[setting.key] = tracked.get(setting.key, ValueSource("arg"))
        elif setting.derived:
            found[setting.key] = ValueSource("derived")
        else:
            found[setting.key] = ValueSource("default")
    return found
