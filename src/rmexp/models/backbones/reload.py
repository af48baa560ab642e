"""What a model folder gives to a program that knows transformers alone: `python -m rmexp.models.backbones.reload`.

Reads conversations as JSON from standard input and writes token ids and scores as JSON to standard output. Nothing of
rmexp is imported, so that nothing but the folder can make the scores right; an adapter is loaded by peft, as its model
card says.
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import log_softmax
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer, pipeline


def load(model_class: Any, folder: str, adapter_class: str, adapter_options: dict[str, Any]) -> Any:
    """A whole model, or an adapter on its base."""
    if (Path(folder) / "adapter_config.json").is_file():
        peft = importlib.import_module("peft")
        return getattr(peft, adapter_class).from_pretrained(folder, dtype=torch.float32, **adapter_options).eval()
    return model_class.from_pretrained(folder, dtype=torch.float32).eval()


def rewards(folder: str, conversations: list[Any]) -> dict[str, Any]:
    """Token ids of each conversation, its reward in a padded batch, and by the text-classification pipeline."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    options = {"num_labels": 1, "problem_type": "regression"}
    model = load(AutoModelForSequenceClassification, folder, "AutoPeftModelForSequenceClassification", options)
    model.config.pad_token_id = tokenizer.pad_token_id  # which the base of an adapter does not know
    texts = [tokenizer.apply_chat_template(messages, tokenize=False) for messages in conversations]
    batch = tokenizer(texts, add_special_tokens=False, padding=True, padding_side="right", return_tensors="pt")
    with torch.inference_mode():
        logits = model(**batch).logits
    classify = pipeline("text-classification", model=model, tokenizer=tokenizer)
    found = classify(texts, add_special_tokens=False)
    return {
        "token_ids": tokenizer(texts, add_special_tokens=False)["input_ids"],
        "scores": logits[:, 0].tolist(),
        "pipeline": [row["score"] for row in found],
    }


def log_probabilities(folder: str, conversations: list[Any], prompt_tokens: list[int]) -> dict[str, Any]:
    """Token ids of each conversation, and the summed log-probability of what follows its prompt."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = load(AutoModelForCausalLM, folder, "AutoPeftModelForCausalLM", {})
    texts = [tokenizer.apply_chat_template(messages, tokenize=False) for messages in conversations]
    token_ids = tokenizer(texts, add_special_tokens=False)["input_ids"]
    scores = []
    with torch.inference_mode():
        for ids, start in zip(token_ids, prompt_tokens, strict=True):
            logps = log_softmax(model(torch.tensor([ids])).logits[0, :-1], dim=-1)
            found = logps[torch.arange(len(ids) - 1), ids[1:]]
            scores.append(float(found[start - 1 :].sum()))
    return {"token_ids": token_ids, "scores": scores}


if __name__ == "__main__":
    given = json.load(sys.stdin)
    if given["prompt_tokens"] is None:
        result = rewards(sys.argv[1], given["conversations"])
    else:
        result = log_probabilities(sys.argv[1], given["conversations"], given["prompt_tokens"])
    sys.stdout.write(json.dumps(result))
