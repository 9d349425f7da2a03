"""Keep secrets out of what is stored: by the name of a value, and by its shape.

**By name.** A key is split into words at ``_ - .`` blanks, and capitals; it is secret-looking
when one of its words is one of the patterns: ``api_key``, ``apiKey``, ``AWS_SECRET``.
``keyboard`` and ``max_tokens`` are other words.  Names that carry such a word for another
reason stay (``metric_key``, ``pad_token``, ``token_count``), in mode ``strict`` they do not.
A number under a ``token`` or ``key`` name is a count or an index, and stays as well.

**By shape.** Well-known tokens, JSON web tokens, private keys, passwords in URLs,
``name=value`` pairs and ``--name value`` flags with a secret-looking name are replaced inside
texts of any name.

Every pattern is bounded, so that the time is linear in the length of the text.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, cast

REDACTED = "[redacted]"

RedactionMode = Literal["off", "safe_default", "strict"]

_MAX_TEXT = 4_194_304
_MAX_DEPTH = 64
_MIN_SECRET = 8
_MAX_KEY = 1_024

_ALWAYS = ("authorization", "credential", "credentials", "passphrase", "pwd", "cookie")
_STRONG = frozenset({"password", "passwd", "passphrase", "pwd", "secret"})
_QUALIFIERS = frozenset({"api", "access", "secret", "private", "auth", "signing", "ssh"})
_COMPOUND_KEYS = re.compile(r"(?:api|access|secret|private|auth|signing|ssh|encryption)keys?")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+")


def _set_of(words: str) -> frozenset[str]:
    return frozenset(words.split())


_HARMLESS_BEFORE: Mapping[str, frozenset[str]] = {
    "key": _set_of(
        "cache column dataset dict event feature foreign group grouping index issue join label "
        "lookup metric music object parameter param partition primary public record row run "
        "series shard sort sorting stage tag"
    ),
    "token": _set_of(
        "bos cls end eos first last mask next pad per prompt sep special start stop unk"
    ),
}
_HARMLESS_AFTER: Mapping[str, frozenset[str]] = {
    "key": _set_of("count error frame length point press size type"),
    "token": _set_of(
        "accuracy budget count counts embedding embeddings id ids index len length limit loss "
        "rate size type"
    ),
}

# A token starts where no token character stands before it: no second scan of the same run.
_SHAPES = re.compile(
    r"(?<![A-Za-z0-9_-])(?:"
    r"(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}(?![0-9A-Za-z])"
    r"|gh[pousr]_[A-Za-z0-9]{36,255}"
    r"|github_pat_[A-Za-z0-9_]{22,255}"
    r"|glpat-[A-Za-z0-9_-]{20,255}"
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,255}"
    r"|sk-[A-Za-z0-9_-]{20,255}"
    r"|[srp]k_(?:live|test)_[A-Za-z0-9]{16,255}"
    r"|hf_[A-Za-z0-9]{30,255}"
    r"|AIza[0-9A-Za-z_-]{35}"
    r"|npm_[A-Za-z0-9]{36}"
    r"|pypi-[A-Za-z0-9_-]{50,1000}"
    r"|eyJ[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{8,8192}(?:\.[A-Za-z0-9_-]{0,4096})?"
    r")"
)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    r"[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)"
)
_URL_PASSWORD = re.compile(r"(://[^\s/@:?#]{0,256}:)[^\s/@]{1,512}(@)")
_AUTH_HEADER = re.compile(r"(?i)(?<![a-z])(bearer|basic)([ \t]{1,4})[A-Za-z0-9._~+/=-]{16,8192}")
_PAIR = re.compile(
    r"(?<![A-Za-z0-9_.-])(-{0,2}[A-Za-z_][A-Za-z0-9_.-]{0,63})"
    r"([\"']?[ \t]{0,2}[=:][ \t]{0,2})"
    r"(\"[^\"]{0,4096}\"|'[^']{0,4096}'|[^\s,;&\"'\[{]{1,4096})"
)
_FLAG = re.compile(
    r"(?<![A-Za-z0-9_.-])(--[A-Za-z][A-Za-z0-9_.-]{0,63})([ \t]{1,4})"
    r"(\"[^\"]{0,4096}\"|'[^']{0,4096}'|[^\s\"'-][^\s\"']{0,4095})"
)
_RANDOM = re.compile(r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_=-]{32,4096}(?![A-Za-z0-9+/_=-])")


class Redactor:
    """Replaces secrets by ``[redacted]``; never raises, never changes its input.

    Attributes:
        mode: ``off`` hands everything back as it is; ``safe_default`` and ``strict`` as
            in the text above this class.  ``strict`` also hides long random-looking texts
            and everything below a secret-looking key.
        patterns: words that make a key secret-looking; several words in a row work too.
    """

    def __init__(self, patterns: Iterable[str], mode: RedactionMode = "safe_default") -> None:
        self.mode = mode
        self.patterns = tuple(patterns)
        self._words = frozenset(
            tuple(words) for words in map(_words_of, (*self.patterns, *_ALWAYS)) if words
        )
        self._verdict = lru_cache(maxsize=4_096)(self._judge)

    def __reduce__(self) -> tuple[Any, ...]:
        return Redactor, (self.patterns, self.mode)

    def is_secret_key(self, key: str) -> bool:
        """Whether values under this key are hidden."""
        return self.mode != "off" and self._verdict(key[:_MAX_KEY]) != ""

    def mapping(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Copy a mapping with its secrets replaced, at any depth."""
        if self.mode == "off":
            return dict(values)
        cleaned = self._value(values, 0)
        return cleaned if isinstance(cleaned, dict) else {}

    def value(self, value: Any) -> Any:
        """Clean a value of any kind: text, mapping, list; others stay."""
        return value if self.mode == "off" else self._value(value, 0)

    def argv(self, arguments: Sequence[str]) -> list[str]:
        """Clean a command line: ``--password=x``, ``--password x``, ``name=x``, tokens."""
        if self.mode == "off":
            return list(arguments)
        cleaned: list[str] = []
        hide_next = False
        for argument in arguments:
            if hide_next and not argument.startswith("--"):
                cleaned.append(REDACTED)
                hide_next = False
                continue
            name, sign, _ = argument.partition("=")
            is_secret = self.is_secret_key(name)
            hide_next = argument.startswith("-") and not sign and is_secret
            hidden = f"{name}={REDACTED}" if sign and is_secret else argument
            cleaned.append(self.text(hidden))
        return cleaned

    def text(self, text: str) -> str:
        """Replace the secrets inside a text; one above 4 MiB is replaced whole."""
        if self.mode == "off" or len(text) < _MIN_SECRET:
            return text
        if len(text) > _MAX_TEXT:
            return f"{REDACTED} (a text of {len(text)} characters is too long to check)"
        text = _SHAPES.sub(REDACTED, text)
        if "-----BEGIN" in text:
            text = _PRIVATE_KEY.sub(REDACTED, text)
        if "://" in text:
            text = _URL_PASSWORD.sub(rf"\1{REDACTED}\2", text)
        text = _AUTH_HEADER.sub(rf"\1\2{REDACTED}", text)
        if "=" in text or ":" in text:
            text = _PAIR.sub(self._pair, text)
        if "--" in text:
            text = _FLAG.sub(self._pair, text)
        if self.mode == "strict":
            text = _RANDOM.sub(_hide_random, text)
        return text

    def _value(self, value: Any, depth: int) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if value is None or isinstance(value, bool | int | float):
            return value
        if depth >= _MAX_DEPTH:
            return REDACTED  # deeper than JSON that we accept, or a cycle
        try:
            if isinstance(value, Mapping):
                return {self._key(key): self._item(key, one, depth) for key, one in value.items()}
            if isinstance(value, list | tuple):
                items = [self._value(one, depth + 1) for one in value]
                return tuple(items) if isinstance(value, tuple) else items
            if isinstance(value, set | frozenset):
                return type(value)(self._value(one, depth + 1) for one in value)
        except Exception:  # a foreign container may do anything; what cannot be checked is hidden
            return REDACTED
        return value

    def _key(self, key: Any) -> Any:
        return _SHAPES.sub(REDACTED, key) if isinstance(key, str) else key

    def _item(self, key: Any, value: Any, depth: int) -> Any:
        found = self._verdict(key[:_MAX_KEY]) if isinstance(key, str) else ""
        if not found:
            return self._value(value, depth + 1)
        return self._hidden(value, depth, numbers=found in _STRONG)

    def _hidden(self, value: Any, depth: int, *, numbers: bool) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if self.mode == "strict" or depth >= _MAX_DEPTH:
            return REDACTED
        if isinstance(value, int | float):
            return REDACTED if numbers else value
        if isinstance(value, Mapping):
            return {
                self._key(key): self._hidden(one, depth + 1, numbers=numbers)
                for key, one in value.items()
            }
        if isinstance(value, list | tuple):
            hidden = [self._hidden(one, depth + 1, numbers=numbers) for one in value]
            return tuple(hidden) if isinstance(value, tuple) else hidden
        return REDACTED

    def _pair(self, match: re.Match[str], *, inner: bool = False) -> str:
        """Hide the value of one ``name=value``; a harmless one may hold a pair itself.

        One level deep only: ``reason: 'password=x'``.  Deeper would cost more than linear time.
        """
        name, sign, value = match.groups()
        hidden = self._hidden_pair(match)
        if inner or hidden != match[0] or not ("=" in value or ":" in value):
            return hidden
        quote = value[0] if value[0] in "\"'" else ""
        body = value[1:-1] if quote else value
        return f"{name}{sign}{quote}{_PAIR.sub(lambda m: self._pair(m, inner=True), body)}{quote}"

    def _hidden_pair(self, match: re.Match[str]) -> str:
        name, sign, value = match.groups()
        plain = name.lstrip("-")
        # "key: loss" is prose more often than a secret; "api_key: x" is not.
        if plain.lower() in ("key", "token") and ":" in sign:
            return match[0]
        verdict = self._verdict(plain)
        if not verdict or value == REDACTED:
            return match[0]
        if verdict not in _STRONG and self.mode != "strict" and _is_number(value):
            return match[0]
        quote = value[0] if value[0] in "\"'" else ""
        return f"{name}{sign}{quote}{REDACTED}{quote}"

    def _judge(self, key: str) -> str:
        """The pattern word that makes a key secret-looking, else an empty text."""
        words = _words_of(key)
        for place, word in enumerate(words):
            for pattern in self._words:
                end = place + len(pattern)
                if tuple(words[place:end]) == pattern and not self._harmless(words, place, end):
                    return pattern[-1]
            found = self._inside(word, words[place - 1] if place else "")
            if found:
                return found
        return ""

    def _inside(self, word: str, before: str) -> str:
        """The single-word pattern that a longer word ends in: authtoken, passwords, apikey."""
        if _COMPOUND_KEYS.fullmatch(word) and ("key",) in self._words:
            return "key"
        for pattern in (pattern[0] for pattern in self._words if len(pattern) == 1):
            # "keys" and "tokens" are mostly things to count; "api_keys" are not.
            if word == f"{pattern}s" and (pattern in _STRONG or before in _QUALIFIERS):
                return pattern
            if len(pattern) > len("key") and word != pattern and word.endswith(pattern):
                return pattern
        return ""

    def _harmless(self, words: list[str], start: int, end: int) -> bool:
        if self.mode == "strict" or end - start != 1:
            return False
        word = words[start]
        before = words[start - 1] if start else ""
        after = words[end] if end < len(words) else ""
        nothing: frozenset[str] = frozenset()
        return before in _HARMLESS_BEFORE.get(word, nothing) or after in _HARMLESS_AFTER.get(
            word, nothing
        )


def redactor_of(security: Any) -> Redactor:
    """The redactor of a ``SecurityConfig``."""
    mode = cast(RedactionMode, security.redaction_mode)
    return Redactor(security.secret_key_patterns, mode)


def _words_of(key: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(key[:_MAX_KEY])]


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).replace("-", "", 1).isdigit()


def _hide_random(match: re.Match[str]) -> str:
    text = match[0]
    is_hex = all(letter in "0123456789abcdefABCDEF-" for letter in text)
    kinds = (str.isdigit, str.islower, str.isupper)
    # Hashes and UUIDs are plain hexadecimal; words and paths lack one of the three kinds.
    if is_hex or not all(any(kind(letter) for letter in text) for kind in kinds):
        return text
    return REDACTED
