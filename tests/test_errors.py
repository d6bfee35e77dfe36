import os
import signal
import subprocess
import sys
import time

import pytest
from torch.utils.data import DataLoader, Dataset

from custom.errors import Interrupted, PodiumError, run_tool


def ending_with(error):
    def main(argv):
        raise error

    return main


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        pytest.param(PodiumError("x must be y"), 2, "error: x must be y\n", id="bad input"),
        pytest.param(OSError(28, "No space left on device"), 2, "No space left", id="disk full"),
        pytest.param(KeyboardInterrupt(), 130, "interrupted\n", id="interrupted"),
        pytest.param(Interrupted(15, "go on so"), 143, "go on so\n", id="terminated"),
        pytest.param(
            MemoryError("Unable to allocate 9 TiB"),
            2,
            "memory (RAM) is too small: Unable",
            id="RAM",
        ),
        pytest.param(
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
            2,
            "lower num_workers or batch_size",
            id="RAM, by torch",
        ),
        pytest.param(
            ModuleNotFoundError("No module named 'torch.nn'", name="torch.nn"),
            2,
            "needs torch of the extra 'detection', which the light core leaves out; install it: "
            "`make setup`",
            id="detection",
        ),
        pytest.param(
            ModuleNotFoundError("No module named 'optuna'", name="optuna"),
            2,
            "needs optuna of the extra 'search', which the light core leaves out; install it: "
            '`pip install -e ".[search]" -c requirements/lock.txt` in the checkout, or `make',
            id="search",
        ),
    ],
)
def test_a_tool_ends_with_a_message_and_a_code(error, code, message, capsys):
    with pytest.raises(SystemExit) as ended:
        run_tool(ending_with(error))
    assert ended.value.code == code
    assert message in capsys.readouterr().err


def test_ctrl_c_is_a_message_whatever_a_library_makes_of_it(capsys):
    def main(argv):
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(10)
        except BaseException:  # as MMEngine does where it formats a config
            raise SyntaxError("12 kB of config") from None

    # In the background, as some suites are run, Ctrl-C would be ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(SystemExit) as ended:
            run_tool(main)
    finally:
        signal.signal(signal.SIGINT, before)
    assert ended.value.code == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_a_background_job_goes_on_ignoring_ctrl_c():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with pytest.raises(SystemExit):
            run_tool(lambda argv: os.kill(os.getpid(), signal.SIGINT))
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("error", [ModuleNotFoundError("x", name="custom.gone"), KeyError("bug")])
def test_a_bug_keeps_its_traceback(error):
    with pytest.raises(type(error)):
        run_tool(ending_with(error))


@pytest.mark.parametrize("code", [None, 0, 2])
def test_a_tool_ends_with_what_main_returns(code):
    with pytest.raises(SystemExit) as ended:
        run_tool(lambda argv: code)
    assert ended.value.code == (code or 0)


class Broken(Dataset):
    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> int:
        try:
            raise OSError("broken data stream")
        except OSError as error:
            raise PodiumError("a.jpg must be whole:\n  it is not") from error


def test_an_error_in_a_worker_of_the_data_loader_is_its_message_alone() -> None:
    with pytest.raises(PodiumError) as error:
        list(DataLoader(Broken(), num_workers=1))
    assert str(error.value) == "a.jpg must be whole:\n  it is not"


def test_a_tool_that_leaves_at_once_says_all_and_keeps_its_code() -> None:
    code = "from custom.errors import run_tool; run_tool(lambda _: print('said') or 3, True)"
    # Into a pipe, where Python keeps what is printed until there is more of it, or the end.
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr) == (3, "said\n", "")
