"""Checks of what is compiled: numba, the kernels, torch with its CUDA, mmcv's operators for it."""

from __future__ import annotations

from custom.doctor.probe import Outcome, Probe
from custom.doctor.results import SET_UP, Check

TRY_NUMBA = "import numba; assert numba.njit(lambda x: x + 1)(1) == 2; print(numba.__version__)"
TRY_KERNELS = "from custom.ensemble.warming import warm; print(warm())"
TRY_TORCH = (
    "import torch; print(torch.__version__, torch.version.cuda or 'none', "
    "torch.cuda.is_available())"
)
TRY_OPERATORS = (
    "import torch; from mmcv.ops import nms; "
    "d = 'cuda' if torch.cuda.is_available() else 'cpu'; "
    "b = torch.tensor([[0., 0., 4., 4.], [0., 0., 4., 4.]], device=d); "
    "k = nms(b, torch.tensor([.9, .8], device=d), .5)[1].tolist(); "
    "assert k == [0], f'nms must keep [0], but keeps {k}'; print(d)"
)
REBUILD = f"{SET_UP}, which builds them for this torch (8 minutes on two cores)"


def check_numba(probe: Probe) -> Check:
    """Check that numba compiles and runs a function."""
    outcome = probe(TRY_NUMBA)
    if outcome.ok:
        return Check("numba", outcome.text)
    return Check(
        "numba",
        f"must compile a function, but: {outcome.text}",
        f"{SET_UP}; or: pip install --force-reinstall -r requirements/core.txt",
    )


def check_kernels(probe: Probe) -> Check:
    """Compile the kernels of fusing and scoring, which the first command would wait for."""
    outcome = probe(TRY_KERNELS)
    if outcome.ok:
        return Check("kernels", f"compiled: {outcome.text}")
    return Check("kernels", f"must compile, but: {outcome.text}", SET_UP)


def check_torch(outcome: Outcome, has_gpu: bool) -> Check:
    """Check that torch loads, and sees the GPU where the machine has one.

    Args:
        outcome: How `TRY_TORCH` went.
        has_gpu: Whether the machine has an NVIDIA GPU.
    """
    if not outcome.ok:
        return Check(
            "torch",
            f"must load, but: {outcome.text}",
            f"{SET_UP}; or, to fuse, score and submit without it: python tools/doctor.py --core",
        )
    version, cuda, available = outcome.text.split()
    if available == "True":
        return Check("torch", f"{version}, CUDA {cuda}, GPU in use")
    if not has_gpu:
        return Check("torch", f"{version}, no GPU on this machine")
    index = f"PODIUM_TORCH_INDEX=https://download.pytorch.org/whl/cu128 {SET_UP}"
    if cuda == "none":
        return Check("torch", f"{version} is a CPU build, but the machine has a GPU", index)
    return Check(
        "torch",
        f"{version} for CUDA {cuda} must see the machine's GPU, but does not",
        f"update the NVIDIA driver (nvidia-smi names its CUDA), or take torch for an older one: "
        f"{index.replace('cu128', 'cu126')}",
    )


def check_operators(probe: Probe) -> Check:
    """Check that mmcv's compiled operators are there and were built for this torch."""
    outcome = probe(TRY_OPERATORS)
    subject = "mmcv's operators"
    if outcome.ok:
        return Check(subject, f"nms runs on {outcome.text}")
    if "No module named 'mmcv._ext'" in outcome.text:
        return Check(subject, "must be built, but onedl-mmcv is installed without them", REBUILD)
    if "undefined symbol" in outcome.text or "signal" in outcome.text:
        text = f"must be built for this torch, but were built for another: {outcome.text}"
        return Check(subject, text, REBUILD)
    if "not compiled with GPU support" in outcome.text or "device cuda" in outcome.text:
        text = f"must run on the GPU, but were built for the CPU: {outcome.text}"
        return Check(subject, text, REBUILD)
    return Check(subject, f"must run, but: {outcome.text}", REBUILD)
