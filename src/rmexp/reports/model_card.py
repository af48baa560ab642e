"""The card of an exported model: what it is, how good it is, what it expects, how other programs use it."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rmexp.reports.drawing.visible import one_line
from rmexp.runs.summaries.held_out import HeldOutRow

_SKIPPED = ("kind", "reward_mean", "reward_sd", "reward_responses")


def model_card(
    name: str,
    contract: Any,
    difference: float,
    evaluation: Sequence[HeldOutRow],
    remarks: Sequence[str],
    *,
    adapter: bool = False,
) -> str:
    """Markdown with the front matter that model hubs read.

    Args:
        name: of the folder.
        contract: of the folder, a `rmexp.models.folders.contract.Contract`.
        difference: largest one between scores here and in transformers alone.
        evaluation: figures on held-out pairs.
        remarks: what is not as it was in training.
        adapter: whether the folder holds an adapter on `base_model` instead of a whole model.
    """
    reward, library = contract.kind == "reward_model", "peft" if adapter else "transformers"
    parts = [
        _front_matter(contract.base_model, reward, library),
        f"# {one_line(name, 80)}",
        "",
        _what(contract, reward),
        "",
        *(_use_adapter(contract, reward) if adapter else _use(reward)),
        *_evaluation(evaluation),
        "## What scores depend on",
        "",
        *(f"* {key}: {_cell(value)}" for key, value in asdict(contract).items() if key not in _SKIPPED),
        *(f"* {remark}" for remark in remarks),
        "",
        f"Loaded with {library} alone, scores differed by at most {difference:.1e} from those of rmexp.",
        "",
    ]
    return "\n".join(parts)


def _front_matter(base_model: str, reward: bool, library: str) -> str:
    tags = ("reward-model", "rlhf") if reward else ("rlhf",)
    lines = [f"library_name: {library}", f"pipeline_tag: {'text-classification' if reward else 'text-generation'}"]
    is_hub_id = base_model.count("/") == 1 and not base_model.startswith("/") and not Path(base_model).exists()
    lines += [f"base_model: {base_model}"] if is_hub_id else []
    return "\n".join(["---", *lines, "tags:", *(f"- {tag}" for tag in tags), "---", ""])


def _what(contract: Any, reward: bool) -> str:
    if not reward:
        return "A language model."
    text = "A reward model: one number for a prompt with a response, higher is better. Only differences mean anything."
    if contract.reward_mean is not None:
        count = contract.reward_responses
        of = "its training responses" if count is None else f"{count} of its training responses"
        text += f" On {of} rewards have mean {contract.reward_mean:.3g}, sd {contract.reward_sd:.3g}."
    return text


def _use(reward: bool) -> Iterator[str]:
    yield from ("## Use", "", "```python")
    if not reward:
        yield from (
            "from transformers import AutoModelForCausalLM, AutoTokenizer",
            "",
            "tokenizer = AutoTokenizer.from_pretrained(FOLDER)",
            "model = AutoModelForCausalLM.from_pretrained(FOLDER)",
            "```",
            "",
            "vLLM: `vllm serve FOLDER`. SGLang: `python -m sglang.launch_server --model-path FOLDER`.",
            "",
        )
        return
    yield from (
        "from transformers import AutoModelForSequenceClassification, AutoTokenizer",
        "",
        "tokenizer = AutoTokenizer.from_pretrained(FOLDER)",
        "model = AutoModelForSequenceClassification.from_pretrained(FOLDER)",
        'messages = [{"role": "user", "content": "..."}, {"role": "assistant", "content": "..."}]',
        "text = tokenizer.apply_chat_template(messages, tokenize=False)",
        'reward = model(**tokenizer(text, add_special_tokens=False, return_tensors="pt")).logits[0, 0]',
        "```",
        "",
        "* Pipeline: `pipeline('text-classification', FOLDER)(text, add_special_tokens=False)`; no sigmoid is applied,",
        "  for `problem_type` is `regression`.",
        "* vLLM: `vllm serve FOLDER --runner pooling --convert classify`, then `POST /classify`; not tried here.",
        "* SGLang: `python -m sglang.launch_server --model-path FOLDER --is-embedding`, then `POST /classify`; not",
        "  tried here.",
        "* TRL: `GRPOTrainer(..., reward_funcs=FOLDER)`, likewise RLOO and online DPO.",
        "",
    )


def _use_adapter(contract: Any, reward: bool) -> Iterator[str]:
    name = "AutoPeftModelForSequenceClassification" if reward else "AutoPeftModelForCausalLM"
    options = ", num_labels=1, problem_type='regression'" if reward else ""
    yield from (
        "## Use",
        "",
        f"An adapter (LoRA){', with its reward head,' if reward else ''} on `{contract.base_model}`, needed beside it.",
        "",
        "```python",
        f"from peft import {name}",
        "from transformers import AutoTokenizer",
        "",
        "tokenizer = AutoTokenizer.from_pretrained(FOLDER)",
        f"model = {name}.from_pretrained(FOLDER{options})",
        *([f"model.config.pad_token_id = {contract.pad}"] if reward else []),
        "```",
        "",
        "`model.merge_and_unload().save_pretrained(...)`, or `rmexp export FOLDER`, makes a whole model of it.",
        "",
    )


def _evaluation(rows: Sequence[HeldOutRow]) -> Iterator[str]:
    if not rows:
        return
    yield from (
        "## Evaluation",
        "",
        "| data | split | slice | pairs | accuracy | 95 % | nll |",
        "|---|---|---|---|---|---|---|",
    )
    for row in rows:
        cells = (row.data or None, row.split_title or None, row.slice, row.n)
        low, high = row.accuracy_low, row.accuracy_high
        bounds = f"{_percent(low)} to {_percent(high)}" if low is not None and high is not None else "-"
        figures = (_percent(row.accuracy), bounds, _cell(row.nll))
        yield f"| {' | '.join([*(_cell(value) for value in cells), *figures])} |"
    yield ""


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    text = f"{value:.4f}" if isinstance(value, float) else str(value)
    return one_line(text, 120).replace("|", "\\|")
