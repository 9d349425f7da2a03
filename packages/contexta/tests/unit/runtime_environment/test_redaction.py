import pickle

import pytest

from contexta._redaction import REDACTED, Redactor, redactor_of
from contexta.config import SecurityConfig

PATTERNS = ("token", "secret", "password", "passwd", "key")


@pytest.fixture
def redactor():
    """The redactor of the default settings."""
    return redactor_of(SecurityConfig())


@pytest.mark.parametrize(
    "key",
    [
        "api_key", "apiKey", "APIKey", "apikey", "api_keys", "openai-key", "key",
        "AWS_SECRET_ACCESS_KEY", "db.password", "PASSWORD", "password1", "dbpasswd",
        "authtoken", "HF_TOKEN", "access_tokens", "client_secret", "secrets", "Authorization",
        "passphrase", "x-auth-token",
    ],
)  # fmt: skip
def test_secret_looking_keys_are_found(redactor, key):
    """Words are found whatever way they are joined."""
    assert redactor.is_secret_key(key)


@pytest.mark.parametrize(
    "key",
    [
        "keyboard", "metric_key", "event_key", "primary_key", "monkey", "keys", "keynote",
        "max_tokens", "tokenizer", "pad_token", "eos_token_id", "token_count",
        "tokens_per_second", "key_size", "loss", "passes", "secretary", "",
    ],
)  # fmt: skip
def test_harmless_names_are_left_alone(redactor, key):
    """A pattern is a word, not any run of letters."""
    assert not redactor.is_secret_key(key)


def test_values_under_secret_keys_are_hidden_at_any_depth(redactor):
    """Numbers are hidden under password-like names only; flags and None stay."""
    given = {
        "lr": 0.1,
        "db": {"password": 12345, "user": "ann", "tokens": ["a"], "token": 7, "api_key": True},
        "list": [{"secret": "s"}, ("x", {"passwd": None})],
        "token": {"value": "abc", "count": 3},
    }

    assert redactor.mapping(given) == {
        "lr": 0.1,
        "db": {"password": REDACTED, "user": "ann", "tokens": ["a"], "token": 7, "api_key": True},
        "list": [{"secret": REDACTED}, ("x", {"passwd": None})],
        "token": {"value": REDACTED, "count": 3},
    }
    assert given["db"]["password"] == 12345


SECRETS = [
    "AKIAIOSFODNN7EXAMPLE",
    "ghp_" + "a1B2" * 9,
    "github_pat_" + "A1b2_" * 6,
    "glpat-" + "x" * 20,
    "xoxb-" + "1" * 12,
    "sk-ant-" + "q" * 30,
    "sk_live_" + "4" * 24,
    "hf_" + "Z" * 34,
    "AIza" + "S" * 35,
    "npm_" + "n" * 36,
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_well_known_tokens_are_hidden_under_any_name(redactor, secret):
    """The shape of the value is enough, inside of a text and in a key."""
    cleaned = redactor.mapping({"note": f"use {secret}, please", secret: 1})

    assert cleaned == {"note": f"use {REDACTED}, please", REDACTED: 1}


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("postgres://ann:hunter2@db/x", f"postgres://ann:{REDACTED}@db/x"),
        ("https://example.org:8080/a@b", "https://example.org:8080/a@b"),
        ("bearer abcdefghijklmnop1234", f"bearer {REDACTED}"),
        ("login password=hunter2, ok", f"login password={REDACTED}, ok"),
        ("GET /x?api_key=abc&page=2", f"GET /x?api_key={REDACTED}&page=2"),
        ('{"client_secret": "ab\'c", "n": 1}', f'{{"client_secret": "{REDACTED}", "n": 1}}'),
        ("metric key: loss", "metric key: loss"),
        ("max_token=512 lr=0.1", "max_token=512 lr=0.1"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\nx",
            f"{REDACTED}\nx",
        ),
        ("-----BEGIN PRIVATE KEY-----\nabc, cut off", REDACTED),
        ("d36d8ef950408210b08bdcd455ac49850fc30f63", "d36d8ef950408210b08bdcd455ac49850fc30f63"),
        ("run.py --password hunter2 --epochs 3", "run.py --password [redacted] --epochs 3"),
        ("--token 'a b' --max-tokens 5", "--token '[redacted]' --max-tokens 5"),
        ("--password --verbose", "--password --verbose"),
    ],
)
def test_secrets_inside_texts_are_hidden(redactor, text, cleaned):
    """What surrounds them stays readable."""
    assert redactor.text(text) == cleaned


def test_a_header_with_a_token_keeps_nothing_of_it(redactor):
    """Name, scheme and token together leave no part of the token."""
    assert "c3VwZXJzZWNyZXQ" not in redactor.text("Authorization: Basic c3VwZXJzZWNyZXQ6cHc=")


def test_command_lines_are_cleaned(redactor):
    """Options with and without an equals sign, assignments, and URLs."""
    argv = ["t.py", "--password=a", "--api-key", "b", "--max-tokens", "5", "db.passwd=c", "--token"]

    assert redactor.argv([*argv, "--lr", "0.1", "s3://u:p@h/x"]) == [
        "t.py",
        f"--password={REDACTED}",
        "--api-key",
        REDACTED,
        "--max-tokens",
        "5",
        f"db.passwd={REDACTED}",
        "--token",
        "--lr",
        "0.1",
        f"s3://u:{REDACTED}@h/x",
    ]


def test_off_hands_everything_back():
    """The user may decide to store all as given."""
    off = Redactor(PATTERNS, "off")

    assert off.mapping({"password": "x"}) == {"password": "x"}
    assert off.text("ghp_" + "a" * 36) == "ghp_" + "a" * 36
    assert off.argv(["--password=x"]) == ["--password=x"]


def test_strict_hides_more():
    """Also harmless-looking keys with the word, whole containers, and random-looking texts."""
    strict = Redactor(PATTERNS, "strict")

    cleaned = strict.mapping(
        {"metric_key": "x", "token": {"count": 3}, "note": "id aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE"}
    )

    assert cleaned == {"metric_key": REDACTED, "token": REDACTED, "note": f"id {REDACTED}"}
    assert strict.text("commit d36d8ef950408210b08bdcd455ac49850fc30f63") == (
        "commit d36d8ef950408210b08bdcd455ac49850fc30f63"
    )


def test_patterns_are_the_users():
    """Own words replace the default ones, several words in a row work."""
    own = Redactor(("pin", "account number"))

    assert own.is_secret_key("user_pin")
    assert own.is_secret_key("AccountNumber")
    assert not own.is_secret_key("spinning")
    assert not own.is_secret_key("api_key")


def test_nothing_raises():
    """Cycles, hostile containers and huge texts give the mark instead of an exception."""

    class Hostile(dict):
        def items(self):
            raise RuntimeError("no")

    cycle: dict = {}
    cycle["self"] = cycle
    redactor = Redactor(PATTERNS)

    assert redactor.mapping({"a": Hostile(x=1)}) == {"a": REDACTED}
    assert REDACTED in str(redactor.mapping(cycle))
    assert redactor.text("x" * 5_000_000).startswith(REDACTED)
    assert redactor.mapping({1: "a", None: b"raw", "password": b"raw"}) == {
        1: "a",
        None: b"raw",
        "password": REDACTED,
    }


def test_redactors_can_be_pickled():
    """A worker process gets the same one."""
    loaded = pickle.loads(pickle.dumps(Redactor(PATTERNS, "strict")))

    assert (loaded.patterns, loaded.mode) == (PATTERNS, "strict")


def test_a_pair_inside_a_harmless_pair_is_hidden():
    """What a message quotes is looked through as well."""
    redactor = Redactor(("password", "key"))

    assert redactor.text("issue_key: 'password=hunter22' must") == (
        "issue_key: 'password=[redacted]' must"
    )
