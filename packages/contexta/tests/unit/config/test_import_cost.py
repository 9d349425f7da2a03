import subprocess
import sys

HEAVY = ("sqlalchemy", "pyarrow", "duckdb", "alembic", "pydantic_settings", "click", "rich")


def test_importing_the_configuration_loads_nothing_heavy():
    """Neither a database nor a dataframe library is needed to resolve settings."""
    program = (
        "import sys, contexta.config as c; c.UnifiedConfig(); c.load_config(); "
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
