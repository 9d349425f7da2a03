"""Calls of the command line: those that read everything, and those that must not succeed."""

from _attacks_workspace import PROJECT, TEXTS, run_id_of

RUNS = [f"{PROJECT}.{run_id_of(place)}" for place in range(len(TEXTS))]


def reading():
    """Each command that shows something of the workspace, as words."""
    first, other = RUNS[0], RUNS[1]
    for line in (
        "runs --limit 100", "projects", "search runs a", "search artifacts a", "metrics",
        "deployments", "artifact list", "doctor", "check --quick", "config show", "backup list",
        "recover replay", "recover dead-letters list", "recover outbox list", "repair plan",
        "erased", "quarantine list", "alert --fleet --metric score --operator gt --threshold 0",
        "trend score", "aggregate score", "bisect score", f"report project {PROJECT}",
        "report trend score", "stages script-alert-1-script", "sizes model", "query --views",
        "run list", f"run diagnose {PROJECT}.failed", f"events {PROJECT}.failed",
        f"report snapshot {PROJECT}.failed", f"gate {first} --no-errors",
        f"diagnostics {first}", f"environment {first}", f"provenance audit {first}",
        f"provenance diff {first} {other}", f"anomaly {first}", f"spans {first}",
        f"batches {first}", f"samples {first}", f"series {first} loss", f"lineage {first}",
        f"report compare {first} {other}", f"report snapshot {first} --render html",
        f"report snapshot {first} --render csv", f"compare-multi {' '.join(RUNS[:20])}",
        f"report multi {' '.join(RUNS[:20])}", "export csv runs", "export csv params",
        "export csv trend score", f"export csv records {first}", f"export jsonl records {first}",
        f"export csv compare {first} {other}",
    ):  # fmt: skip
        yield line.split()
    for view in ("runs", "params", "tags", "artifacts", "metrics", "events", "stages"):
        yield ["query", f"FROM {view}"]
    for place, run in enumerate(RUNS):
        yield ["run", "show", run]
        yield ["events", run]
        if place % 3 == 0:
            yield ["compare", run, RUNS[place - 1]]
            yield ["report", "snapshot", run]
            yield ["artifact", "show", f"artifact:{run}.model"]


def refused():
    """Calls that ask for what is not there, is not allowed, or is no call."""
    for number, text in enumerate(TEXTS):
        nobody = f"{text}:nobody"
        shapes = (
            ["run", "show", nobody], ["compare", nobody, RUNS[0]], ["runs", "--where", f"({text}"],
            ["artifact", "show", nobody], [text], ["runs", f"--{text}"], ["events", nobody],
            ["gate", nobody, "--no-errors"], ["report", "snapshot", nobody],
            ["config", "show", "--set", text], ["run", "show", RUNS[0], "--config", text[:200]],
            ["runs", "--sort", text], ["query", f"SELECT {text}("], ["watch", nobody],
        )  # fmt: skip
        yield from (shapes[(number + turn * 5) % len(shapes)] for turn in range(2))


#: Statements that want out of the views.
STATEMENTS = (
    "SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM read_text('/etc/passwd')", "SELECT content FROM read_blob('/etc/*')",
    "SELECT * FROM glob('/etc/*')", "SELECT * FROM parquet_scan('x.parquet')",
    "COPY runs TO 'PLACE/out.csv'", "COPY (SELECT 1) TO 'PLACE/out.csv'",
    "EXPORT DATABASE 'PLACE/out'", "IMPORT DATABASE '/tmp'", "ATTACH 'PLACE/out.db' AS x",
    "DETACH memory", "INSTALL httpfs", "LOAD httpfs", "FORCE INSTALL spatial",
    "SET enable_external_access=true", "RESET lock_configuration", "PRAGMA database_list",
    "PRAGMA enable_profiling", "CREATE TABLE x(a int)", "CREATE MACRO f(a) AS a",
    "CREATE SECRET s (TYPE s3)", "DROP VIEW runs", "INSERT INTO runs VALUES (1)",
    "UPDATE runs SET name='x'", "DELETE FROM runs", "ALTER TABLE runs ADD COLUMN x int",
    "SELECT 1; SELECT 2", "FROM runs; DROP VIEW runs", "CALL duckdb_settings()",
    "SELECT * FROM duckdb_secrets()", "SELECT * FROM duckdb_settings()", "SHOW TABLES",
    "SELECT * FROM information_schema.tables", "SELECT * FROM sqlite_scan('x','y')",
    "SELECT * FROM _source_runs", "SELECT getenv('HOME')", "VACUUM", "CHECKPOINT", "BEGIN",
    "EXPLAIN ANALYZE SELECT 1", "SELECT query('SELECT 1')", "FROM query('FROM runs')",
    "FROM query_table('runs')", "SELECT repeat('a', 1000000000)", "SELECT list_resize([1], 10000)",
    "WITH x AS (FROM read_csv('/etc/passwd')) FROM x", "FROM 'http://evil.example/x.csv'",
    "PREPARE p AS SELECT 1", "EXECUTE p", "USE memory", "SELECT " + "(" * 500 + "1" + ")" * 500,
    "SELECT * FROM which_secret('s3://x', 's3')", "SELECT 1 INTO OUTFILE 'PLACE/out'",
    "SELECT pg_read_file('/etc/passwd')", "FROM pragma_table_info('runs')",
)  # fmt: skip


def settings_files():
    """Settings that are hostile: file name and content."""
    yield "deep.json", "[" * 100_000
    yield "deeper.json", '{"a":' * 100_000 + "1" + "}" * 100_000
    yield "deep.toml", "a = " + "[" * 5000 + "]" * 5000
    yield "inline.toml", "a = " + "{b=" * 3000 + "1" + "}" * 3000
    yield "huge.json", '{"project_name": ' + "9" * 100_000 + "}"
    yield "huge.toml", "project_name = " + "9" * 100_000
    yield "large.toml", "# " + "x" * 10_000_000
    yield "large.json", '{"a": "' + "x" * 10_000_000 + '"}'
    yield "nan.json", '{"project_name": NaN}'
    yield "twice.json", '{"project_name": "a", "project_name": "b", "x": 1}'
    yield "tag.toml", 'project_name = "\\ud800"'
    yield "nul.toml", 'project_name = "a\0b"'
    yield "key.toml", '"\\u001b[2J" = 1'
    yield "proto.json", '{"__class__": {"x": 1}, "__proto__": {}}'
    yield "list.json", "[1, 2]"
    yield "pickle.json", "\x80\x04}\x94."
    yield "yaml.yaml", "!!python/object/apply:os.system ['id']"
    yield "empty.json", ""
    yield "terminal.toml", 'project_name = "a\x1b[2J"'
