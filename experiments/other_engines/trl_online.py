"""Trains an exported policy on an exported reward model with TRL's GRPO or RLOO.

    rmexp export path=SFT_FOLDER out=policy
    rmexp export path=MODEL_FOLDER out=reward
    python experiments/other_engines/trl_online.py policy reward PROMPTS.jsonl OUT [grpo|rloo] [STEPS]

PROMPTS.jsonl has a `prompt` on each line. Before it trains, it compares what TRL will read of the reward model, the
score of a conversation rendered by its chat template, with the reward that rmexp gives, and ends where they differ.
"""

import json
import sys
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer
from trl import GRPOConfig, GRPOTrainer, RLOOConfig, RLOOTrainer

from rmexp.data.loading import Limits
from rmexp.records import Candidates
from rmexp.scoring.explicit import ExplicitScorer

TRAINERS = {"grpo": (GRPOTrainer, GRPOConfig), "rloo": (RLOOTrainer, RLOOConfig)}


def main(policy: str, reward: str, prompts: str, out: str, method: str = "grpo", steps: str = "20") -> None:
    trainer_class, config_class = TRAINERS[method]
    tokenizer, reward_tokenizer = (AutoTokenizer.from_pretrained(folder) for folder in (policy, reward))
    model = AutoModelForCausalLM.from_pretrained(policy)
    judge = AutoModelForSequenceClassification.from_pretrained(reward, num_labels=1)
    rows = [json.loads(line) for line in Path(prompts).read_text(encoding="utf-8").splitlines()]
    check(judge, reward_tokenizer, reward, [row["prompt"] for row in rows[:8]])
    data = Dataset.from_list([{"prompt": [{"role": "user", "content": row["prompt"]}]} for row in rows])
    config = config_class(
        output_dir=out,
        max_steps=int(steps),
        per_device_train_batch_size=16,
        num_generations=4,
        max_completion_length=64,
        learning_rate=1e-3,
        beta=0.05,
        logging_steps=5,
        report_to=[],
        use_cpu=not torch.cuda.is_available(),
        bf16=False,
        save_strategy="no",
        disable_tqdm=True,
    )
    trainer = trainer_class(
        model=model,
        reward_funcs=judge,
        args=config,
        train_dataset=data,
        processing_class=tokenizer,
        reward_processing_classes=reward_tokenizer,
    )
    trainer.train()
    log = [row["reward"] for row in trainer.state.log_history if "reward" in row]
    print(f"{method}: mean reward of the first {log[0]:.3f}, of the last {log[-1]:.3f} logged steps")
    print(json.dumps({"method": method, "rewards": log}))


def check(judge: Any, tokenizer: Any, folder: str, prompts: list[str]) -> None:
    """End where the two readings of the reward model differ."""
    limits = Limits(512, "cut_prompt", None, 1)
    scorer = ExplicitScorer("explicit", folder, "32-true", limits=limits, threads=None)
    replies = ["I would rather not say. Keep a note of everything.", "It depends."]
    for prompt in prompts:
        (ours,) = scorer.score([Candidates(prompt, tuple(replies))])
        for reply, score in zip(replies, ours.scores, strict=True):
            theirs = conversation_score(judge, tokenizer, prompt, reply)
            if abs(theirs - score) > 1e-3 * max(1.0, abs(score)):
                sys.exit(f"{folder}: {reply!r} scores {score:.4f} here and {theirs:.4f} there")
    print(f"{len(prompts) * len(replies)} conversations score the same in both readings")


def conversation_score(judge: Any, tokenizer: Any, prompt: str, response: str) -> float:
    """What transformers alone says of a conversation."""
    turns = [{"role": "user", "content": prompt}, {"role": "assistant", "content": response}]
    text = tokenizer.apply_chat_template(turns, tokenize=False)
    ids = tokenizer(text, add_special_tokens=False, return_tensors="pt")
    with torch.no_grad():
        return float(judge(**ids).logits[0, 0])


if __name__ == "__main__":
    main(*sys.argv[1:])
