"""The version of the schema itself, apart from the version of the packages."""

from typing import Final

DEFAULT_CONTRACT_SCHEMA_VERSION: Final = "1.0.0"
