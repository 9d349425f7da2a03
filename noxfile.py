# /// script
# dependencies = ["nox[uv]>=2025.2.9", "packaging>=24"]
# ///
"""One definition of green, on what users install: each session tests built wheels.

``nox`` runs the default set. ``nox -s demo`` trains two models under capture and
shows what the workspace answers. ``nox -l`` lists every session.

The script block above lets nox fetch uv for itself, so that the environments
build in seconds; without uv, nox falls back to virtualenv and pip.
"""

from __future__ import annotations

import shutil
import tomllib
import zipfile
from collections.abc import Iterable
from pathlib import Path

import nox
from packaging.requirements import Requirement

ROOT = Path(__file__).parent
PYTHONS = ["3.11", "3.12", "3.13"]
WHEELS = ROOT / "build" / "wheels"
MERGED = ROOT / "build" / "merged"
PACKAGES = [
    "contexta-contract",
    "contexta-store",
    "contexta-interpretation",
    "contexta-recovery",
    "contexta",
]
#: For each top distribution, the tests-integration paths that its closure must pass.
TOPS = {
    "contexta-contract": ["shape/test_contract_alone.py"],
    "contexta-recovery": ["recovery"],
    "contexta": [
        "surface",
        "analytics",
        "concurrency",
        "crash",
        "damage",
        "format",
        "merge",
        "statistics",
    ],
}
#: What one Python shows as well as three: browsers, kernels and attacks see no interpreter.
SURFACES = ["attacks", "browser", "notebook"]
#: What tests need beside the package itself.
TEST_TOOLS = ["pytest>=8.3", "pytest-xdist>=3.6", "pytest-timeout>=2.3", "hypothesis>=6.120"]
#: A test that stands still fails with the stacks of its threads.
PATIENCE_SECONDS = 900
ANALYTICS = ["duckdb>=1.5.1,<3", "polars>=1.20", "pandas>=2.2"]
DEMO = ["scikit-learn>=1.5", *ANALYTICS]
POSTGRES = ["psycopg[binary]>=3.2.1"]
ENCRYPTION = ["cryptography>=42"]
REMOTE = ["fsspec>=2024.6"]
#: A client of S3, and a server of it on loopback.
BUCKETS = ["s3fs>=2024.6", "moto[server]>=5"]
BROWSER = ["playwright>=1.50", "axe-playwright-python>=0.1.4"]
#: Extras of the facade whose libraries train or export in the tests.
VENDORS = [
    "keras",
    "lightgbm",
    "lightning",
    "mlflow",
    "optuna",
    "otel",
    "sklearn",
    "transformers",
    "xgboost",
]
OTLP = ["opentelemetry-exporter-otlp-proto-http>=1.35"]
#: What the lowest of these libraries need beside themselves: MLflow 2.20 imports a pool
#: that SQLAlchemy 2.1 no longer has.
COMPANIONS = ["sqlalchemy<2.1"]
KERNEL = ["nbclient>=0.10", "nbformat>=5.10", "ipykernel>=6.29"]
EXTRA_TEST_TOOLS = {
    "contexta-contract": ["numpy>=1.26"],
    "contexta-store": ["numpy>=1.26", *ANALYTICS, *POSTGRES],
    "contexta-interpretation": ["scipy>=1.11", *POSTGRES],
    "contexta-recovery": [*ENCRYPTION, *POSTGRES, *REMOTE],
    "contexta": ["numpy>=1.26", *REMOTE],
}

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.download_python = "never"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = [
    "lint",
    "wheels",
    "arrows",
    "typing",
    "unit",
    "integration",
    "spark",
    "surfaces",
    "adapters",
    "remote",
    "editable",
    "minimums",
    "docs",
    "demo",
]


def project_table(package: str) -> dict:
    """Return the ``[project]`` table of a package."""
    return tomllib.loads((ROOT / "packages" / package / "pyproject.toml").read_text())["project"]


def closure(package: str) -> list[str]:
    """Return ``package`` and the siblings that it declares, dependencies first."""
    found: list[str] = []
    for line in project_table(package)["dependencies"]:
        sibling = Requirement(line).name
        if sibling in PACKAGES:
            found += [name for name in closure(sibling) if name not in found]
    return [*found, package]


def lowest(requirements: Iterable[str]) -> list[str]:
    """Return a pin to the lowest version for each requirement that has a lower bound."""
    pins: dict[str, str] = {}
    for line in requirements:
        requirement = Requirement(line)
        for bound in requirement.specifier:
            if bound.operator == ">=":
                pins[requirement.name] = f"{requirement.name}=={bound.version}"
    return list(pins.values())


def vendor_lines() -> list[str]:
    """Return the requirements of the extras whose libraries train or export."""
    extras = project_table("contexta")["optional-dependencies"]
    return [line for name in VENDORS for line in extras[name]]


def wheel_of(package: str) -> str:
    """Return the path of the one built wheel of a package."""
    (wheel,) = WHEELS.glob(f"{package.replace('-', '_')}-[0-9]*.whl")
    return str(wheel)


def install_wheels(session: nox.Session, *packages: str, also: list[str] | None = None) -> None:
    """Install the wheels of the declared closure by file path, then ``also``.

    First-party wheels are force-reinstalled: at an equal version pip would keep
    stale code. Only file paths are given for them, so no index can supply them.
    """
    names = list(dict.fromkeys(name for package in packages for name in closure(package)))
    wheels = [wheel_of(name) for name in names]
    session.install(*wheels, *(also or []))
    if session.venv_backend == "uv":
        session.install("--no-deps", "--reinstall", *wheels)
    else:
        session.install("--no-deps", "--force-reinstall", *wheels)


def run_pytest(session: nox.Session, *paths: str | Path) -> None:
    """Run pytest on two processes, with the import path of an installed user."""
    config = ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT)]
    env = {"WHEELS_DIR": str(WHEELS), "PYTHONSAFEPATH": "1"}
    command = ["pytest", *config, "-q", "-n", "2", "--dist", "worksteal"]
    command.append(f"--timeout={PATIENCE_SECONDS}")
    session.run(*command, *map(str, paths), *session.posargs, env=env)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, docstrings and formatting with ruff."""
    session.install("ruff>=0.17,<0.18")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def wheels(session: nox.Session) -> None:
    """Build the five sdists and from them the wheels; open each and check what it ships."""
    session.install("build>=1.2", "hatchling>=1.27", "pytest>=8.3")
    shutil.rmtree(WHEELS, ignore_errors=True)
    for package in PACKAGES:
        source = str(ROOT / "packages" / package)
        session.run(
            *["python", "-m", "build", "--no-isolation", "--outdir", str(WHEELS), source],
            silent=True,
            env={"SOURCE_DATE_EPOCH": "1767225600"},
        )
    tests = ROOT / "tests-integration" / "shape" / "test_wheels.py"
    config = ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT)]
    session.run("pytest", *config, "-q", str(tests), env={"WHEELS_DIR": str(WHEELS)})


def merged_tree() -> Path:
    """Unpack the five wheels into one folder, as an installation lays them out."""
    shutil.rmtree(MERGED, ignore_errors=True)
    for package in PACKAGES:
        with zipfile.ZipFile(wheel_of(package)) as archive:
            archive.extractall(MERGED)
    return MERGED


@nox.session(requires=["wheels"])
def arrows(session: nox.Session) -> None:
    """Lint the arrows between packages, exhaustively, and that none points at what is private."""
    session.install("import-linter>=2.5", "pytest>=8.3")
    env = {"PYTHONPATH": str(merged_tree())}
    session.run("lint-imports", "--config", str(ROOT / ".importlinter"), "--no-cache", env=env)
    tests = ROOT / "tests-integration" / "shape" / "test_private_names.py"
    config = ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT)]
    session.run("pytest", *config, "-q", str(tests))


@nox.session(requires=["wheels"])
def typing(session: nox.Session) -> None:
    """Type-check all packages with mypy, strict, on the installed layout."""
    tools = ["mypy>=2.4,<2.5", *TEST_TOOLS, *DEMO, *POSTGRES, *ENCRYPTION]
    install_wheels(session, "contexta", also=tools)
    env = {"MYPYPATH": str(merged_tree())}
    session.run("mypy", "--config-file", str(ROOT / "pyproject.toml"), "-p", "contexta", env=env)


@nox.session(python=PYTHONS, requires=["wheels"])
@nox.parametrize("package", PACKAGES, ids=PACKAGES)
def unit(session: nox.Session, package: str) -> None:
    """Run one package's tests with only the wheels of its declared closure installed."""
    install_wheels(session, package, also=[*TEST_TOOLS, *EXTRA_TEST_TOOLS.get(package, [])])
    run_pytest(session, ROOT / "packages" / package / "tests")


@nox.session(python=PYTHONS, requires=["wheels"])
@nox.parametrize("top", list(TOPS), ids=list(TOPS))
def integration(session: nox.Session, top: str) -> None:
    """Run the cross-package tests of one top distribution against its closure of wheels."""
    extras = [*DEMO, *POSTGRES] if top == "contexta" else []
    install_wheels(session, top, also=[*extras, *ENCRYPTION, *REMOTE, *TEST_TOOLS])
    run_pytest(session, *(ROOT / "tests-integration" / path for path in TOPS[top]))


@nox.session(requires=["wheels"])
def spark(session: nox.Session) -> None:
    """Read a store in use with Spark in local mode, and ask aggregate questions through Connect."""
    (extra,) = project_table("contexta-interpretation")["optional-dependencies"]["spark"]
    install_wheels(session, "contexta", also=[extra, *ANALYTICS, *TEST_TOOLS])
    tests = ROOT / "tests-integration" / "analytics"
    # A classic session and one of Spark Connect do not share a process well.
    for name in ("test_spark.py", "test_spark_connect.py"):
        run_pytest(session, tests / name, "-n", "0")


@nox.session(requires=["wheels"])
def surfaces(session: nox.Session) -> None:
    """Use pages in the system's Chromium and notebooks in a kernel, and attack all that shows."""
    install_wheels(session, "contexta", also=[*BROWSER, *KERNEL, *DEMO, *TEST_TOOLS])
    run_pytest(session, *(ROOT / "tests-integration" / path for path in SURFACES))


@nox.session(requires=["wheels"])
def adapters(session: nox.Session) -> None:
    """Train with each library on the CPU, and ask the command line about the runs."""
    also = [*vendor_lines(), *OTLP, "markdown-it-py>=3", *ANALYTICS, *TEST_TOOLS]
    install_wheels(session, "contexta", also=also)
    run_pytest(session, ROOT / "tests-integration" / "adapters")


@nox.session(name="adapter-minimums", python=PYTHONS[0], requires=["wheels"], default=False)
def adapter_minimums(session: nox.Session) -> None:
    """Train with the lowest version of each library that an extra declares."""
    pins = [*lowest([*vendor_lines(), *OTLP]), *COMPANIONS]
    also = [*pins, "markdown-it-py>=3", *ANALYTICS, *TEST_TOOLS]
    install_wheels(session, "contexta", also=also)
    run_pytest(session, ROOT / "tests-integration" / "adapters")


@nox.session(requires=["wheels"])
def remote(session: nox.Session) -> None:
    """Send backups to a bucket over the protocol of S3, kill that, and fetch them back."""
    extras = [*REMOTE, *BUCKETS, *ENCRYPTION]
    install_wheels(session, "contexta", also=[*extras, *TEST_TOOLS])
    run_pytest(session, ROOT / "tests-integration" / "remote")


@nox.session
def editable(session: nox.Session) -> None:
    """Install all five in editable form and import the facade from the joined portions."""
    session.install(*(f"--editable={ROOT / 'packages' / package}" for package in PACKAGES))
    session.run("python", "-c", "from contexta import Contexta; print(Contexta)", silent=True)


@nox.session(requires=["wheels"])
def minimums(session: nox.Session) -> None:
    """Run the packages' tests with the lowest direct versions that they declare."""
    pins = lowest(line for name in PACKAGES for line in project_table(name)["dependencies"])
    tools = sorted({tool for extra in EXTRA_TEST_TOOLS.values() for tool in extra} - set(ANALYTICS))
    install_wheels(session, "contexta", also=[*pins, *TEST_TOOLS, *tools])
    run_pytest(session, *(ROOT / "packages" / package / "tests" for package in PACKAGES))


@nox.session(requires=["wheels"])
def docs(session: nox.Session) -> None:
    """Build the documentation, warnings as errors, and run each code block."""
    also = ["sphinx>=8.1", "myst-parser>=4", "furo", "markdown-it-py>=3", *ENCRYPTION, *REMOTE]
    install_wheels(session, "contexta", also=[*also, *TEST_TOOLS, *DEMO])
    output = ROOT / "build" / "docs"
    session.run("sphinx-build", "-W", "-q", "-b", "html", str(ROOT / "docs"), str(output))
    run_pytest(session, ROOT / "docs")


@nox.session(requires=["wheels"])
def demo(session: nox.Session) -> None:
    """Train two models under capture, compare and report them, read the records in DuckDB."""
    install_wheels(session, "contexta", also=DEMO)
    session.run("python", "docs/examples/wine.py", *session.posargs)


@nox.session(requires=["wheels"], default=False)
def bench(session: nox.Session) -> None:
    """Measure the stores beside their floors and a peer; `-- --quick` takes about a minute."""
    peers = ["numpy", "trackio", "mlflow-skinny>=3", "tensorboardX>=2.6"]
    install_wheels(session, "contexta", also=[*peers, *ANALYTICS, *POSTGRES])
    session.run("python", "tests-integration/benchmarks/run.py", *session.posargs)


@nox.session(requires=["wheels"], default=False)
def coverage(session: nox.Session) -> None:
    """Run all tests on one Python and print which lines and branches none reached."""
    tools = [*TEST_TOOLS, *DEMO, *ENCRYPTION, *REMOTE, "pytest-cov>=6"]
    install_wheels(session, "contexta", also=tools)
    roots = [ROOT / "packages" / package / "tests" for package in PACKAGES]
    tops = [ROOT / "tests-integration" / path for path in TOPS["contexta"]]
    session.posargs[:] = ["--cov", "--cov-report=term", *session.posargs]
    run_pytest(session, *roots, *tops)
