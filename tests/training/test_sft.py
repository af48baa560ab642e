"""Half of all replies are short, half are long, and batches hold one kind: the model must learn half and half."""

import copy
from functools import partial

import lightning as L
import pytest
import torch

from rmexp.encoding.tokens import PairTokens, ResponseTokens
from rmexp.losses.next_token import next_token_loss
from rmexp.training.callbacks.epochs import Epochs
from rmexp.training.data.loader import Passes
from rmexp.training.data.pair_data import PairData
from rmexp.training.pairs import Pairs
from rmexp.training.schedules import constant
from rmexp.training.sft import SFTModule

SHORT, LONG, END = 40, 50, 2


def reply(first, length):
    return ResponseTokens((1, 7, first, *[60] * (length - 2), END), 2, False)


@pytest.fixture
def learnt(tiny_model, encoded_pairs):
    """Probability of a short reply after training on batches of like length."""

    def run(loss):
        # The sides of a pair differ in their last token but one, so that either kind is as often chosen.
        pairs = []
        for first, length in ((SHORT, 3), (LONG, 18)):
            ids = reply(first, length)
            other = ResponseTokens((*ids.token_ids[:-2], 61, END), 2, False) if length > 3 else reply(first, 4)
            pairs += [PairTokens(ids, other, 1.0, group=str(first))] * 8
        known = Pairs(encoded_pairs(pairs), encoded_pairs(pairs[:1]), 8)
        data = PairData(known, Passes(40, 0), batch_tokens=None, packed=True)
        model = tiny_model._replace(causal_lm=copy.deepcopy(tiny_model.causal_lm))
        optimizer = partial(torch.optim.Adam, lr=1e-2)
        module = SFTModule(model, loss, optimizer, partial(constant, warmup_fraction=0.0), "both")
        options = {"logger": False, "enable_checkpointing": False, "enable_model_summary": False}
        options |= {"enable_progress_bar": False, "num_sanity_val_steps": 0}
        trainer = L.Trainer(max_epochs=1, accelerator="cpu", callbacks=[Epochs(2, None)], **options)
        trainer.fit(module, data)
        with torch.no_grad():
            chances = module.model(input_ids=torch.tensor([[1, 7]])).logits[0, -1].softmax(-1)
        assert float(chances[SHORT] + chances[LONG]) > 0.9
        return float(chances[SHORT] / (chances[SHORT] + chances[LONG]))

    return run


def test_batches_of_like_length_do_not_make_replies_shorter(learnt):
    assert learnt(next_token_loss) == pytest.approx(0.5, abs=0.05)


def test_a_token_mean_within_each_batch_would(learnt):
    assert learnt(lambda logps, tokens, mean_tokens: next_token_loss(logps, tokens)) > 0.6
