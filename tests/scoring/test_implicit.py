import copy
import json
import shutil
from dataclasses import replace

import pytest
import torch

from rmexp.models.backbones.location import folder_fingerprint
from rmexp.models.backbones.tiny import train_tokenizer
from rmexp.models.folders.folder import save_folder
from rmexp.records import Candidates
from rmexp.scoring.implicit import REDUCTIONS, ImplicitScorer, LogRatio, implicit_reward


@pytest.fixture(scope="module")
def policy_folder(tmp_path_factory, tiny_model, reference_folder, make_contract):
    """The reference with other weights, and a contract that names it."""
    causal_lm = copy.deepcopy(tiny_model.causal_lm)
    torch.manual_seed(5)
    with torch.no_grad():
        for parameter in causal_lm.parameters():
            parameter += 0.05 * torch.randn_like(parameter)
    contract = make_contract("language_model", beta=0.25, reference=folder_fingerprint(str(reference_folder)))
    folder = tmp_path_factory.mktemp("policy") / "model"
    save_folder(folder, causal_lm.save_pretrained, tiny_model.tokenizer, contract)
    return folder


@pytest.fixture
def scorer(policy_folder, reference_folder, limits):
    def make(policy=policy_folder, reference=reference_folder, beta=None, reduction="response_sum", **changes):
        options = {"limits": replace(limits, **changes), "threads": 1}
        reference = None if reference is None else str(reference)
        return ImplicitScorer("implicit", str(policy), reference, beta, reduction, "auto", **options)

    return make


def scores(scorer, records):
    return [score for row in scorer.score(records) for score in row.scores]


def plain_log_ratio(scorer, prompt, response):
    """By a loop over the response's tokens, in float64."""
    (tokens,) = scorer.encoder.encode([(prompt, response)])
    ids = torch.tensor(tokens.token_ids)
    total = 0.0
    for model, sign in ((scorer.policy, 1), (scorer.reference, -1)):
        with torch.no_grad():
            logps = torch.log_softmax(model.causal_lm(input_ids=ids[None]).logits[0].double(), -1)
        for position in range(tokens.prompt_tokens, len(ids)):
            total += sign * float(logps[position - 1, ids[position]])
    return total


def test_the_reward_is_beta_times_the_summed_log_ratio(scorer, pairs):
    made = scorer()
    expected = [0.25 * plain_log_ratio(made, pair.prompt, text) for pair in pairs for text in pair.responses]
    assert scores(made, pairs) == pytest.approx(expected, abs=1e-4)
    assert max(map(abs, expected)) > 0.1


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_a_policy_equal_to_its_reference_gives_exactly_zero(scorer, pairs, reference_folder, reduction):
    made = scorer(policy=reference_folder, beta=0.1, reduction=reduction)
    assert scores(made, pairs) == [0.0] * 24


def test_scores_do_not_depend_on_the_batch_size_or_on_the_other_records(scorer, pairs, monkeypatch):
    expected = scores(scorer(), pairs)
    for max_tokens in (1, 60, 300):
        monkeypatch.setattr("rmexp.scoring.responses.MOST_TOKENS", max_tokens)
        assert scores(scorer(), pairs) == pytest.approx(expected, abs=1e-5)
    made = scorer()
    assert [score for pair in pairs for score in scores(made, [pair])] == pytest.approx(expected, abs=1e-5)


def test_reductions_differ_by_their_number_of_tokens(scorer, pairs):
    total, response, sequence = (scorer(reduction=reduction) for reduction in REDUCTIONS)
    tokens, ratios = total.encoder.encode_records(pairs), total.log_ratios(pairs)
    lengths = [len(row.token_ids) - row.prompt_tokens for row in tokens]
    assert [ratio.response_tokens for ratio in ratios] == lengths
    assert [ratio.prompt_tokens + ratio.response_tokens + 1 for ratio in ratios] == [
        len(row.token_ids) for row in tokens
    ]
    summed = scores(total, pairs)
    assert scores(response, pairs) == pytest.approx([s / n for s, n in zip(summed, lengths, strict=True)], abs=1e-6)
    diluted = [
        0.25 * (ratio.prompt + ratio.response) / (ratio.prompt_tokens + ratio.response_tokens) for ratio in ratios
    ]
    assert scores(sequence, pairs) == pytest.approx(diluted, abs=1e-6)
    together = list(total.score_reductions(pairs, REDUCTIONS))
    for name, made in zip(REDUCTIONS, (total, response, sequence), strict=True):
        assert [row[name] for row in together] == list(made.score(pairs))


def test_beta_is_the_policys_own_unless_given(scorer, pairs):
    assert scorer().beta == 0.25
    doubled = [2 * score for score in scores(scorer(), pairs)]
    assert scores(scorer(beta=0.5), pairs) == pytest.approx(doubled, rel=1e-6)


def test_without_a_reference_it_is_the_policys_log_probability(scorer, pairs):
    free, relative = scorer(reference=None), scorer()
    ids = torch.tensor(free.encoder.encode([(pairs[0].prompt, pairs[0].chosen)])[0].token_ids)
    start = free.encoder.encode([(pairs[0].prompt, pairs[0].chosen)])[0].prompt_tokens
    with torch.no_grad():
        logps = torch.log_softmax(free.policy.causal_lm(input_ids=ids[None]).logits[0].double(), -1)
    expected = 0.25 * sum(float(logps[position - 1, ids[position]]) for position in range(start, len(ids)))
    assert scores(free, pairs)[0] == pytest.approx(expected, abs=1e-4)
    assert scores(free, pairs) != pytest.approx(scores(relative, pairs), abs=0.1)
    assert free.describe()["reference"] is None
    assert free.fingerprint != relative.fingerprint


def test_candidates_are_scored_like_pairs(scorer, pairs):
    pool = [Candidates(pair.prompt, pair.responses) for pair in pairs]
    assert scores(scorer(), pool) == scores(scorer(), pairs)


def test_manifest(scorer, policy_folder, reference_folder):
    prints = "-".join(folder_fingerprint(str(folder)) for folder in (policy_folder, reference_folder))
    described = {"name": "implicit", "kind": "implicit", "fingerprint": prints}
    assert scorer().describe() == described | {"precision": "32-true", "beta": 0.25, "reduction": "response_sum"}


def test_log_odds_are_those_of_the_loss_that_the_policy_was_trained_with(scorer, policy_folder, tmp_path):
    assert [scorer(reduction=reduction).log_odds for reduction in REDUCTIONS] == [True, False, False]
    assert not scorer(reference=None).log_odds  # it was trained relative to one
    averaged = tmp_path / "model"
    shutil.copytree(policy_folder, averaged)
    contract = json.loads((averaged / "contract.json").read_text()) | {"reduction": "response_mean"}
    (averaged / "contract.json").write_text(json.dumps(contract))
    assert [scorer(policy=averaged, reduction=reduction).log_odds for reduction in REDUCTIONS] == [False, True, False]
    assert scorer(policy=averaged, reduction=None).log_odds


def test_without_a_prompt_no_token_is_counted_twice():
    ratio = LogRatio(prompt=0.0, response=6.0, prompt_tokens=0, response_tokens=3)
    assert implicit_reward(ratio, 1.0, "response_mean") == implicit_reward(ratio, 1.0, "sequence_mean") == 2.0
    empty = LogRatio(prompt=0.0, response=0.0, prompt_tokens=0, response_tokens=0)
    assert [implicit_reward(empty, 1.0, reduction) for reduction in REDUCTIONS] == [0.0] * 3


def test_another_reference_is_refused_with_both_fingerprints(scorer, policy_folder, reference_folder):
    expected = folder_fingerprint(str(reference_folder))
    found = folder_fingerprint(str(policy_folder))
    with pytest.raises(ValueError, match=rf"from the reference {expected}, but {policy_folder} is {found} \(set scor"):
        scorer(reference=policy_folder)


def test_different_tokenizers_are_refused(scorer, reference_folder, tmp_path):
    other = tmp_path / "model"
    shutil.copytree(reference_folder, other)
    (other / "contract.json").unlink()
    train_tokenizer(["entirely different texts"] * 3, 280, 128).save_pretrained(other)
    with pytest.raises(ValueError, match=f"must share their tokenizer: tokenizer is .* in {other}"):
        scorer(policy=reference_folder, reference=other, beta=0.1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reduction": "sum"}, "scorer.reduction must be one of response_sum, response_mean, sequence_mean, got sum"),
        ({"beta": -0.1}, r"`beta` must be > 0, got -0.1 \(set scorer.beta\)"),
        ({"beta": 0.0}, r"`beta` must be > 0, got 0.0 \(set scorer.beta\)"),
        ({"policy": "no/such/folder"}, "no/such/folder: expected a model folder or a hub id"),
    ],
)
def test_bad_options_name_their_key(scorer, options, message):
    with pytest.raises(ValueError, match=message):
        scorer(**({"beta": 0.1} | options))


def test_a_policy_that_does_not_say_its_beta_needs_one(scorer, reference_folder):
    with pytest.raises(ValueError, match=r"does not say which beta it was trained with \(set scorer.beta\)"):
        scorer(policy=reference_folder)


def test_a_reward_model_is_no_policy(scorer, reward_folder):
    with pytest.raises(ValueError, match="expected a language model, but its contract says reward_model"):
        scorer(policy=reward_folder, beta=0.1)


def test_the_reduction_is_the_one_of_training_unless_told(scorer, pairs, policy_folder, tmp_path):
    assert scorer(reduction=None).reduction == "response_sum"  # a contract that says nothing
    folder = tmp_path / "model"
    shutil.copytree(policy_folder, folder)
    contract = json.loads((folder / "contract.json").read_text())
    (folder / "contract.json").write_text(json.dumps(contract | {"reduction": "response_mean"}))
    assert scores(scorer(policy=folder, reduction=None), pairs) == scores(scorer(reduction="response_mean"), pairs)
    assert scorer(policy=folder, reduction="response_sum").describe()["reduction"] == "response_sum"
