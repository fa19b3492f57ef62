"""Programs from npm, run in this folder."""

import subprocess
from pathlib import Path

HERE = Path(__file__).parent


def run(*command: str | Path) -> str:
    """What a program prints; it must succeed."""
    done = subprocess.run(command, cwd=HERE, text=True, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
