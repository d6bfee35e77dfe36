from types import SimpleNamespace

import pytest

from custom.training.hooks import PatienceHook


def make_runner(resume=True):
    logger = SimpleNamespace(info=lambda message: None)
    loop = SimpleNamespace(stop_training=False)
    return SimpleNamespace(_resume=resume, train_loop=loop, logger=logger)


def stopped_after(scores, hook, runner) -> int | None:
    for count, score in enumerate(scores, 1):
        hook.after_val_epoch(runner, {"coco/bbox_mAP_50": score})
        if runner.train_loop.stop_training:
            return count
    return None


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        pytest.param([0.1, 0.2, 0.3, 0.4, 0.5], None, id="rising"),
        pytest.param([0.1, 0.5, 0.4, 0.3, 0.2], 4, id="two below the best"),
        pytest.param([0.5, 0.4, 0.6, 0.5, 0.5], 5, id="a new best in between"),
    ],
)
def test_it_waits_for_a_new_best(scores, expected):
    assert stopped_after(scores, PatienceHook(patience=2), make_runner()) == expected


def test_a_resumed_training_has_waited_already():
    before, checkpoint = PatienceHook(patience=3), {}
    assert stopped_after([0.5, 0.4, 0.3], before, make_runner()) is None
    before.before_save_checkpoint(make_runner(), checkpoint)
    resumed, runner = PatienceHook(patience=3), make_runner()
    resumed.after_load_checkpoint(runner, checkpoint)
    assert stopped_after([0.2], resumed, runner) == 1


def test_weights_alone_do_not_make_it_wait():
    fresh, runner = PatienceHook(patience=1), make_runner(resume=False)
    fresh.after_load_checkpoint(runner, {"patience": {"best_score": 0.9, "wait_count": 1}})
    assert stopped_after([0.2], fresh, runner) is None
