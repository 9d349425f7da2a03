"""Find the helpers that stand beside the attacks."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
