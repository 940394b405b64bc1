"""Builds the wheel and the sdist, and tries them as a user would; publishes nothing.

Run by ``make release``. The wheel is installed from dist/ into an empty environment without extras,
and into another one for each extra; in each, .ci/smoke.py uses what is there. Extras that are named
as arguments are tried alone: ``python .ci/release.py report``.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"
SMOKE = Path(__file__).with_name("smoke.py")
# Extras for those who work on the package itself.
OF_THE_HOUSE = {"dev", "docs", "bench"}
NONE = "none"
# One build of torch is at hand everywhere; another one is gigabytes.
TORCH = "torch==2.13.0"


def run(*command: str | Path, cwd: Path = ROOT) -> None:
    """Run a command, and end with its error."""
    subprocess.run([str(part) for part in command], cwd=cwd, check=True)


def build() -> tuple[Path, Path]:
    """Make and check the sdist, and the wheel from it; return the wheel and the sdist."""
    shutil.rmtree(DIST, ignore_errors=True)
    run(sys.executable, "-m", "build", "--outdir", DIST)
    (wheel,), (sdist,) = DIST.glob("*.whl"), DIST.glob("*.tar.gz")
    run(sys.executable, "-m", "twine", "check", "--strict", wheel, sdist)
    return wheel, sdist


def try_wheel(wheel: Path, extra: str) -> None:
    """Install the wheel with an extra into an empty environment, and use it there."""
    with tempfile.TemporaryDirectory(prefix=f"synthwgan-{extra}-") as name:
        folder = Path(name)
        venv.create(folder / "venv", with_pip=True)
        python = folder / "venv" / "bin" / "python"
        wanted = str(wheel) if extra == NONE else f"{wheel}[{extra}]"
        run(python, "-m", "pip", "install", "--quiet", TORCH)
        run(python, "-m", "pip", "install", "--quiet", wanted)
        run(python, "-m", "pip", "check")
        # Isolated, and elsewhere: what is imported is what was installed.
        run(python, "-I", SMOKE, extra, cwd=folder)


def main() -> None:
    """Build, try, and say what would be published."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = sys.argv[1:] or [
        NONE,
        *(extra for extra in project["optional-dependencies"] if extra not in OF_THE_HOUSE),
    ]
    wheel, sdist = build()
    for extra in extras:
        try_wheel(wheel, extra)
    for file in (wheel, sdist):
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        sys.stdout.write(f"{file.relative_to(ROOT)} sha256 {digest}\n")


if __name__ == "__main__":
    main()
