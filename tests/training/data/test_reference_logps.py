from dataclasses import replace

import pytest
import torch

from rmexp.encoding.encode import Encoder
from rmexp.encoding.splits import encode_pairs
from rmexp.models.likelihood import Likelihood
from rmexp.training.data.reference_logps import weights_fingerprint, with_reference_logps


@pytest.fixture
def encoded(tokenizer, limits, pairs):
    return encode_pairs(pairs, Encoder(tokenizer, limits))[0]


@pytest.fixture
def likelihood(tiny_model):
    return Likelihood(tiny_model.causal_lm, "auto")


def test_figures_are_those_of_each_side(likelihood, encoded, plain):
    found = with_reference_logps(likelihood, encoded, None, "state")
    assert [replace(pair, reference_logps=None) for pair in found] == list(encoded)
    with torch.no_grad():
        for side, rows in enumerate(([pair.chosen for pair in encoded], [pair.rejected for pair in encoded])):
            expected = plain.logps(likelihood.causal_lm, rows).tolist()
            assert [pair.reference_logps[side] for pair in found] == pytest.approx(expected, rel=1e-5)


def test_they_are_computed_once_for_a_state_and_kept(likelihood, encoded, tmp_path, monkeypatch):
    first = list(with_reference_logps(likelihood, encoded, str(tmp_path), "state"))
    monkeypatch.setattr(Likelihood, "response", None)  # nothing can compute them now
    assert list(with_reference_logps(likelihood, encoded, str(tmp_path), "state")) == first
    for other in ((encoded[1:], "state"), (encoded, "another state")):
        with pytest.raises(TypeError):
            with_reference_logps(likelihood, other[0], str(tmp_path), other[1])


@pytest.mark.parametrize("kept", [False, True])
def test_processes_compute_them_together(connected, likelihood, encoded, tmp_path, monkeypatch, kept):
    """Each computes a part of the batches; with a folder the first one alone holds its lock."""
    monkeypatch.setattr("rmexp.scoring.responses.MOST_TOKENS", 60)
    alone, computed, response = with_reference_logps(likelihood, encoded, None, "state"), [], likelihood.response

    def told():
        monkeypatch.setattr(likelihood, "response", lambda batch: (computed.append(batch.size), response(batch))[1])
        found = with_reference_logps(likelihood, encoded, str(tmp_path) if kept else None, "state")
        return found.reference_logps.tolist(), sum(computed)

    found = connected(2, told)
    responses = {side for pair in encoded for side in (pair.chosen, pair.rejected)}
    assert sum(number for _, number in found) == len(responses)
    assert all(0 < number < len(responses) for _, number in found)
    assert [figures for figures, _ in found] == [alone.reference_logps.tolist()] * 2


def test_a_damaged_file_is_named_and_made_again(likelihood, encoded, tmp_path, caplog):
    first = list(with_reference_logps(likelihood, encoded, str(tmp_path), "state"))
    (file,) = tmp_path.glob("*.logps")
    file.write_bytes(file.read_bytes()[:90])
    assert list(with_reference_logps(likelihood, encoded, str(tmp_path), "state")) == first
    assert f"{file} is damaged" in caplog.text
    assert len(list(tmp_path.glob("*.logps"))) == 1


def test_single_numbers_among_the_weights_count():
    before = torch.nn.Linear(1, 1)
    before.register_buffer("scale", torch.tensor(1.0))
    first = weights_fingerprint(before)
    before.scale += 1
    assert weights_fingerprint(before) != first


def test_weights_tell_models_apart(tiny_model):
    before = weights_fingerprint(tiny_model.causal_lm)
    assert weights_fingerprint(tiny_model.causal_lm) == before
    weight = next(tiny_model.causal_lm.parameters())
    with torch.no_grad():
        weight[0, 0] += 1
        assert weights_fingerprint(tiny_model.causal_lm) != before
        weight[0, 0] -= 1
