"""Create .venv and install Podium in it, in the order that works; do nothing if nothing changed.

Runs before anything is installed, so it uses the standard library only and any Python 3.8+.

Environment:
    PODIUM_TORCH_INDEX  Package index for torch, for example
                        https://download.pytorch.org/whl/cu128. Default: PyPI, or PyTorch's CPU
                        index on a Linux machine without an NVIDIA GPU, where it can be reached.
    PODIUM_MMCV_LINKS   Page with built wheels of onedl-mmcv, for example one of those at
                        https://mmwheels.onedl.ai. Default: build the operators from source.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Sequence  # noqa: UP035  (an old Python is refused, not a traceback)

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
REQUIREMENTS = ROOT / "requirements"
LOCK = REQUIREMENTS / "lock.txt"
SUPPORTED = ((3, 10), (3, 11), (3, 12))
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
OPERATORS = "onedl-mmcv"
OTHER_OPENCV = ("opencv-python", "opencv-contrib-python", "opencv-contrib-python-headless")
# Loads the compiled operators and runs one: a build for another torch fails here, not in training.
OPERATORS_WORK = (
    "import torch; from mmcv.ops import nms;"
    "b = torch.tensor([[0., 0., 4., 4.], [0., 0., 4., 4.]]); s = torch.tensor([.9, .8]);"
    "d = 'cuda' if torch.cuda.is_available() else 'cpu';"
    "assert len(nms(b.to(d), s.to(d), .5)[1]) == 1"
)


class SetupError(Exception):
    """Something that the user can fix."""


def main(argv: Sequence[str] | None = None) -> int:
    """Set up `.venv`; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--force", action="store_true", help="install even if nothing changed")
    args = parser.parse_args(argv)
    try:
        check_system()
        restart_with_supported_python()
        with only_one():
            set_up(args.force)
    except SetupError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; the same command takes it up again", file=sys.stderr)
        return 130
    return 0


def check_system() -> None:
    """Refuse Windows, where the operators of mmcv have not been built."""
    if sys.platform == "win32":
        raise SetupError(
            "the full installation must be on Linux or macOS, but this is Windows; for fusing, "
            "scoring and submitting install the light core: pip install -e . -c "
            "requirements/lock.txt"
        )


def restart_with_supported_python() -> None:
    """Go on under a supported Python found on the PATH if this one is not."""
    if sys.version_info[:2] in SUPPORTED:
        return
    for major, minor in reversed(SUPPORTED):
        found = shutil.which(f"python{major}.{minor}")
        # pyenv has a command of that name also where that Python is not switched on.
        if found and succeeds([found, "-c", ""]):
            os.execv(found, [found, *sys.argv])
    version = ".".join(map(str, sys.version_info[:3]))
    raise SetupError(
        f"Python must be 3.10, 3.11 or 3.12, but {sys.executable} is {version}; "
        "install one of them, or name it: make PYTHON=/path/to/python3.11 ..."
    )


@contextmanager
def only_one() -> Iterator[None]:
    """Let no second set-up of this checkout run: it waits for its turn."""
    import fcntl  # not on Windows, where the light core is installed with pip

    try:
        descriptor = os.open(ROOT / ".venv.lock", os.O_CREAT | os.O_RDWR, 0o666)
    except OSError as error:
        raise SetupError(f"{ROOT} must be writable, but: {error.strerror}") from error
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)


def set_up(force: bool = False) -> None:
    """Install what the requirement files say, unless the stamp says that this is done."""
    stamp = VENV / "podium.stamp"
    wanted = fingerprint()
    if not force and stamp.is_file() and stamp.read_text() == wanted and is_sound(VENV):
        return
    stamp.unlink(missing_ok=True)  # from here on an interrupted installation is known as one
    start = time.monotonic()
    make_venv()
    install_torch()
    install_operators()
    install_rest()
    verify_operators()
    step("check the installation")
    if run(["tools/doctor.py"], check=False) != 0:
        raise SetupError("the installation is not sound; fix what is named above, then run again")
    stamp.write_text(wanted)
    print(f"set up in {(time.monotonic() - start) / 60:.1f} minutes", flush=True)


def fingerprint() -> str:
    """Return what the installation is a function of, as a hash."""
    digest = hashlib.sha256()
    for path in [*sorted(REQUIREMENTS.glob("*.txt")), ROOT / "setup.py", Path(__file__)]:
        digest.update(path.read_bytes() + b"\0")
    for name in ("PODIUM_TORCH_INDEX", "PODIUM_MMCV_LINKS"):
        digest.update(os.environ.get(name, "").encode() + b"\0")
    digest.update(repr((sys.version_info[:2], str(VENV), has_gpu())).encode())
    return digest.hexdigest() + "\n"


def is_sound(venv: Path) -> bool:
    """Return whether an environment can run this Python's pip."""
    code = f"import pip, sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]!r})"
    python = venv / "bin" / "python"
    return python.exists() and succeeds([str(python), "-c", code])


def make_venv() -> None:
    """Create `.venv`, or replace one that is broken or of another Python."""
    if is_sound(VENV):
        return
    step(f"create {VENV}")
    if VENV.exists():
        print("the environment there is broken or of another Python: it is replaced")
        shutil.rmtree(VENV)
    if subprocess.run([sys.executable, "-m", "venv", str(VENV)]).returncode != 0:
        raise SetupError(
            f"{sys.executable} -m venv failed; on Debian and Ubuntu it is in a package of its "
            "own: apt install python3-venv"
        )


def install_torch() -> None:
    """Install torch, which everything compiled against it needs first."""
    step("install torch")
    index = os.environ.get("PODIUM_TORCH_INDEX") or default_torch_index()
    options = ["--extra-index-url", index] if index else []
    pip("-c", str(LOCK), pinned("torch"), *options)
    pip("--quiet", "-c", str(LOCK), "-r", str(REQUIREMENTS / "build.txt"))


def default_torch_index() -> str | None:
    """Return PyTorch's CPU index where a CUDA build would be 2 GB for nothing."""
    if sys.platform != "linux" or has_gpu():
        return None
    try:
        urllib.request.urlopen(f"{CPU_INDEX}/torch/", timeout=5).close()
    except OSError:
        return None
    return CPU_INDEX


def install_operators(*options: str) -> None:
    """Install onedl-mmcv: from built wheels if told where, or from source; pip keeps the wheel."""
    if links := os.environ.get("PODIUM_MMCV_LINKS"):
        step("install the built operators of mmcv")
        binary = ["--find-links", links, f"--only-binary={OPERATORS}"]
        pip("--no-deps", *binary, *options, pinned(OPERATORS))
        return
    gpu = has_gpu()
    if gpu and not (shutil.which("nvcc") or os.environ.get("CUDA_HOME")):
        raise SetupError(
            "building the operators of mmcv for the GPU needs the CUDA toolkit, but there is no "
            "nvcc; install the toolkit of torch's CUDA version, or set PODIUM_MMCV_LINKS to the "
            "page of built wheels for it (see docs/install.md)"
        )
    step(
        "install the operators of mmcv: a ONE-TIME BUILD of about 8 minutes on two cores,\n"
        "    seconds where pip still has the wheel of an earlier build"
    )
    environment = {"MMCV_WITH_OPS": "1", "FORCE_CUDA": "1" if gpu else "0"}
    try:
        flags = ["--no-deps", "--no-build-isolation", *options]
        pip(*flags, pinned(OPERATORS), environment=environment)
    except SetupError as error:
        raise SetupError(f"{error}. {build_advice()}") from error


def build_advice() -> str:
    """Return what most likely fixes a failed build of the operators."""
    if not any(map(shutil.which, ("c++", "g++", "clang++", os.environ.get("CXX", "c++")))):
        return "There is no C++ compiler: apt install g++, or what does that on this system"
    return (
        "If Python.h was missing: apt install python3-dev. If the compiler was killed, memory ran "
        "out: try again with MAX_JOBS=1"
    )


def verify_operators() -> None:
    """Install the operators anew if they do not run: pip's wheel may be of another torch."""
    if operators_work():
        return
    step("the operators of mmcv do not fit this torch, so they are installed anew")
    source = [] if os.environ.get("PODIUM_MMCV_LINKS") else [f"--no-binary={OPERATORS}"]
    install_operators("--no-cache-dir", "--force-reinstall", *source)
    if not operators_work(show=True):
        raise SetupError("the operators of mmcv are installed but do not run: see the error above")


def operators_work(show: bool = False) -> bool:
    """Return whether the compiled operators load and run with the installed torch."""
    return succeeds([str(VENV / "bin" / "python"), "-c", OPERATORS_WORK], show)


def install_rest() -> None:
    """Install the locked rest, one OpenCV, and the checkout itself."""
    step("install the rest: some 100 packages, 400 MB")
    # The lock is complete and lists no opencv-python: two OpenCVs overwrite each other's files.
    pip("--quiet", "--no-deps", "--no-build-isolation", pinned("onedl-mmdetection"))
    pip("--quiet", "--no-deps", "-r", str(LOCK))
    keep_one_opencv()
    pip("--quiet", "--no-deps", "--no-build-isolation", "-e", str(ROOT))


def keep_one_opencv() -> None:
    """Remove every OpenCV but the headless one, and restore the files that went with them."""
    packages = subprocess.run(
        [str(VENV / "bin" / "python"), "-m", "pip", "list", "--format=freeze"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    installed = {line.partition("==")[0].lower() for line in packages.splitlines()}
    surplus = [name for name in OTHER_OPENCV if name in installed]
    if surplus:
        step(f"remove {', '.join(surplus)}: exactly one OpenCV, the headless one")
        run(["-m", "pip", "uninstall", "--yes", "--quiet", *surplus])
        pip("--no-deps", "--force-reinstall", pinned("opencv-python-headless"))


def pinned(name: str) -> str:
    """Return the requirement `name==version` from requirements/detection.txt."""
    for line in (REQUIREMENTS / "detection.txt").read_text().splitlines():
        if line.startswith(f"{name}=="):
            return line.strip()
    raise SetupError(f"requirements/detection.txt must pin {name} with ==, but does not")


def has_gpu() -> bool:
    """Return whether an NVIDIA GPU and its driver are there."""
    command = shutil.which("nvidia-smi")
    return command is not None and succeeds([command, "-L"])


def pip(*arguments: str, environment: dict[str, str] | None = None) -> None:
    """Run `pip install` in `.venv`."""
    command = ["-m", "pip", "install", "--disable-pip-version-check", "--progress-bar=off"]
    run([*command, *arguments], environment=environment)


def run(
    arguments: Sequence[str], environment: dict[str, str] | None = None, check: bool = True
) -> int:
    """Run `.venv`'s Python in the checkout and return its exit code, or raise if it is not 0."""
    command = [str(VENV / "bin" / "python"), *arguments]
    code = subprocess.run(command, cwd=ROOT, env={**os.environ, **(environment or {})}).returncode
    if check and code != 0:
        raise SetupError(f"`{' '.join(arguments)}` failed with exit code {code}: see above")
    return code


def succeeds(command: list[str], show: bool = False) -> bool:
    """Return whether a command ends with exit code 0; its output is shown only if asked for."""
    output = None if show else subprocess.DEVNULL
    return subprocess.run(command, stdout=output, stderr=output, cwd=os.sep).returncode == 0


def step(text: str) -> None:
    """Say what comes next."""
    print(f"==> {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
