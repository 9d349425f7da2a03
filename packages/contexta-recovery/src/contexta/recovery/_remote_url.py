"""URLs of places elsewhere: which library reaches them, and how they are shown.

`fsspec` is loaded here, at the first URL that somebody gives, and nowhere before.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from contexta.contract.errors import DependencyError
from contexta.recovery._errors import BackupError

if TYPE_CHECKING:
    from collections.abc import Mapping

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^\x00-\x1f\x7f]+)")
_LONGEST_URL = 2000
#: These read another place beneath: a read-back through a cache would prove nothing.
_WRAPPERS = frozenset(
    {"async_wrapper", "asyncwrapper", "blockcache", "cached", "filecache", "simplecache"}
    | {"dir", "generic", "reference", "libarchive", "tar", "zip", "data"}
)
_PACKAGES = {
    **dict.fromkeys(("s3", "s3a"), "s3fs"),
    **dict.fromkeys(("gs", "gcs"), "gcsfs"),
    **dict.fromkeys(("abfs", "abfss", "adl", "az"), "adlfs"),
    **dict.fromkeys(("sftp", "ssh"), "paramiko"),
    **dict.fromkeys(("http", "https"), "aiohttp"),
    "smb": "smbprotocol",
    "webdav": "webdav4",
}
#: The part before the `@` is the name of a container, not of a user.
_CONTAINER_FIRST = frozenset({"abfs", "abfss", "az"})


class Reached(NamedTuple):
    """A filesystem of fsspec, the folder in it, and the URL as it may be shown."""

    filesystem: Any
    root: str
    shown: str


def reach(url: object, storage_options: Mapping[str, Any] | None = None) -> Reached:
    """Open the filesystem that a URL names. Most of them connect at the first use only.

    Raises:
        BackupError: `recovery_remote_url_invalid`, `recovery_remote_failed`.
        DependencyError: `recovery_remote_unavailable`.
    """
    scheme, text = _checked(url)
    shown = shown_url(text)
    try:
        import fsspec
    except ImportError as error:
        raise _missing("fsspec", "contexta-recovery[remote]", scheme) from error
    if scheme not in {*fsspec.available_protocols(), *fsspec.registry}:
        raise _invalid(shown, f"fsspec knows no {scheme}://")
    failed = None
    try:
        kind = fsspec.get_filesystem_class(scheme)
        # What fsspec calls itself: `url_to_fs` would follow `::` to a cache or an archive first.
        options = {**kind._get_kwargs_from_urls(text), **(storage_options or {})}  # noqa: SLF001
        # Instances are kept by fsspec otherwise, credentials included.
        filesystem = kind(**{**options, "skip_instance_cache": True})
        root = str(kind._strip_protocol(text)).rstrip("/")  # noqa: SLF001
    except ImportError as error:
        package = _PACKAGES.get(scheme, "")
        raise _missing(package or f"for {scheme}://", package, scheme) from error
    except Exception as error:
        failed = type(error).__name__
    if failed is not None:  # raised here, so that no message of another library hangs on it
        raise _invalid(shown, f"the library for {scheme}:// refused it ({failed})")
    if not root:
        raise _invalid(shown, "it names no folder or bucket")
    return Reached(filesystem, root, shown)


def shown_url(url: str) -> str:
    """Return a URL without user, password, query and fragment."""
    scheme, _, rest = url.partition("://")
    if scheme.lower() not in ("file", "local"):
        rest = re.split(r"[?#]", rest, maxsplit=1)[0]
    authority = rest.split("/", 1)[0]
    user, at, _ = authority.rpartition("@")
    if at and (":" in user or scheme.lower() not in _CONTAINER_FIRST):
        rest = f"***@{rest[len(user) + 1 :]}"
    elif not at and ":" in authority and "@" in rest:  # a password with a slash in it
        rest = f"***@{rest.rpartition('@')[2]}"
    return f"{scheme}://{rest}"


def _checked(url: object) -> tuple[str, str]:
    if not isinstance(url, str) or not url.strip():
        raise _invalid("", "it is blank or no text")
    text = url.strip()
    found = _URL.fullmatch(text)
    if found is None or len(text) > _LONGEST_URL:
        shown = shown_url(text)[:200] if "://" in text else text[:200]
        raise _invalid(shown, "it is not <scheme>://<place>; a folder is file:///mnt/disk/folder")
    scheme = found[1].lower()
    if scheme in ("file", "local") and not found[2].startswith("/"):
        raise _invalid(text, f"a folder is absolute: {scheme}:///{found[2]}")
    if scheme in _WRAPPERS:
        raise _invalid(shown_url(text), f"{scheme}:// is no place of its own")
    return scheme, f"{scheme}://{found[2]}"


def _invalid(shown: str, reason: str) -> BackupError:
    return BackupError(
        f"The URL {shown!r} cannot be used: {reason}. Give one such as s3://bucket/backups.",
        code="recovery_remote_url_invalid",
        details={"url": shown},
    )


def _missing(package: str, install: str, scheme: str) -> DependencyError:
    line = f"pip install '{install}'" if install else "pip install the library that reaches it"
    return DependencyError(
        f"URLs with {scheme}:// need the package {package!r}, which is not installed. Run: {line}.",
        code="recovery_remote_unavailable",
        details={"package": package, "scheme": scheme},
    )
