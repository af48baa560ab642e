"""Event files, read by TensorBoard itself."""

import json

import pytest
from tests.tracking.conftest import tracked_run, write_metrics

from rmexp.tracking.event_files import EventFiles
from rmexp.tracking.tracked_run import Results, Table
from rmexp.tracking.trackers import tracked

RESULTS = Results({"val/accuracy": 0.75}, tables=(Table("samples", ("id", "text"), (("a", "x|y\nz"),)),))


def read(folder):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    found = accumulator.EventAccumulator(str(folder / "tensorboard"))
    found.Reload()
    return found


def send(folder, results=None):
    with tracked({"tensorboard": EventFiles()}, tracked_run(folder)) as told:
        told.replay()
        told.results(results)


def test_a_run_that_goes_on_has_every_step_once(folder):
    write_metrics(folder, 6)
    send(folder)
    write_metrics(folder, 10)
    send(folder, RESULTS)
    found = read(folder)
    loss = {event.step: event.value for event in found.Scalars("train/loss")}
    assert loss == pytest.approx({step: 1 / step for step in range(1, 11)})
    assert len(found.Scalars("train/loss")) == 10
    assert [(event.step, event.value) for event in found.Scalars("final/val/accuracy")] == [(10, 0.75)]
    (text,) = found.Tensors("samples/text_summary")
    assert b"| a | x\\|y<br>z |" in text.tensor_proto.string_val[0]
    assert "_hparams_/session_start_info" in found.summary_metadata


def test_rewards_of_a_validation_are_histograms(folder):
    row = {
        "step": 5,
        "progress": 0.5,
        "chosen": [1.0, 0.0, 3.0],
        "rejected": [0.0, 1.0, 3.0],
        "target": [1.0, 0.0, 0.5],
    }
    (folder / "validation_rewards.jsonl").write_text(json.dumps(row) + "\n")
    send(folder)
    (event,) = read(folder).Histograms("val/margins")
    assert (event.step, event.histogram_value.num, event.histogram_value.sum) == (5, 2, 2.0)  # without the tie


def test_a_row_whose_process_died_while_it_wrote_it_is_not_told(folder):
    """A run that was killed is tracked as far as it came; going on with it would write the row again."""
    row = {"step": 5, "progress": 0.5, "chosen": [1.0, 0.0], "rejected": [0.0, 1.0], "target": [1.0, 1.0]}
    text = json.dumps(row)
    (folder / "validation_rewards.jsonl").write_text(f"{text}\n{text[:30]}")
    (folder / "samples.jsonl").write_text('{"iteration": 1, "prom')
    send(folder)
    assert [event.step for event in read(folder).Histograms("val/margins")] == [5]


def test_a_missing_package_is_told(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"needs the package tensorboard \(pip install 'rmexp\[tensorboard\]'\)"):
        EventFiles().ready()
