"""Files that a run, a model or a user left and that are damaged: each is one sentence with its name, no parser's."""

import json
import shutil
from collections.abc import Callable
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from rmexp.cli import main

REMEDY = "(restore it, or delete its folder and make it again)"
LIST = "expected keys with values, got a list"
TRAIN = ("train", "trainer=smoke", "logger=csv", "run_dir=run")
REPORT = ("report", "run_dir=run")
SCORE = ("score", "scorer.path=run/model", "data=jsonl", "data.path=pairs.jsonl", "run_dir=scored")
START = ("train", "trainer=smoke", "logger=csv", "model.init_from=run/model", "run_dir=next")
BYTES = b"\xff\xfe\x00"
TEMPLATE = "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    assert main([*TRAIN[:-1], f"run_dir={folder}"]) == 0
    return folder


@pytest.fixture
def run(here: Path, finished: Path) -> Path:
    shutil.copytree(finished, here / "run")
    config = here / "run" / "config.yaml"
    config.write_text(config.read_text().replace(str(finished), "run"))
    (here / "pairs.jsonl").write_text("".join(f'{{"prompt": "{i}", "chosen": "b", "rejected": "c"}}\n' for i in "12"))
    return here / "run"


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def becomes(content: bytes | str) -> Callable[[bytes], bytes]:
    return lambda _: content.encode() if isinstance(content, str) else content


@pytest.mark.parametrize(
    ("command", "file", "damage", "sentence"),
    [
        (REPORT, "summary.json", cut, "run/summary.json is damaged: not JSON: "),
        (REPORT, "summary.json", becomes("{"), "run/summary.json is damaged: not JSON: "),
        (REPORT, "summary.json", becomes("[]"), "run/summary.json is damaged: expected keys with values, got an empty"),
        (REPORT, "summary.json", becomes('{"verb": "train"}'), "damaged: expected the key `task` of TrainSummary"),
        (REPORT, "environment.json", becomes(BYTES), "run/environment.json is damaged: not UTF-8 at byte 1"),
        (
            REPORT,
            "environment.json",
            becomes('{"machine": 3}'),
            "run/environment.json is damaged: a value is of another",
        ),
        (REPORT, "config.yaml", becomes("a: [1"), "run/config.yaml is damaged: not YAML in line 2: "),
        (REPORT, "config.yaml", becomes("a: 1\nb: c: d\n"), "run/config.yaml is damaged: not YAML in line 2: "),
        (REPORT, "config.yaml", becomes("- 1"), f"run/config.yaml is damaged: {LIST}"),
        (REPORT, "config.yaml", becomes(BYTES), "run/config.yaml is damaged: not UTF-8 at byte 1"),
        (REPORT, "metrics.csv", becomes(BYTES), "run/metrics.csv is damaged: not UTF-8 at byte 1"),
        (
            REPORT,
            "metrics.csv",
            becomes("a,b\n1,2\n"),
            "run/metrics.csv is damaged: its first line has no column `step`",
        ),
        (
            REPORT,
            "metrics.csv",
            becomes("step,seconds\n1\n"),
            "run/metrics.csv is damaged: row 2 has other columns than",
        ),
        (TRAIN, "summary.json", cut, "run/summary.json is damaged: not JSON: "),
        (TRAIN, "environment.json", cut, "run/environment.json is damaged: not JSON: "),
        (TRAIN, "config.yaml", becomes("[1]"), f"run/config.yaml is damaged: {LIST}"),
        (SCORE, "model/config.json", cut, "run/model/config.json is damaged: not JSON: "),
        (SCORE, "model/config.json", becomes("[1]"), f"run/model/config.json is damaged: {LIST}"),
        (SCORE, "model/config.json", becomes("{}"), "run/model cannot be loaded with AutoConfig: Unrecognized model"),
        (
            SCORE,
            "model/config.json",
            becomes('{"model_type": "no"}'),
            "the checkpoint you are trying to load has model",
        ),
        (
            SCORE,
            "model/config.json",
            becomes('{"model_type": "llama", "hidden_size": "x"}'),
            "run/model cannot be loaded with Auto",
        ),
        (SCORE, "model/tokenizer.json", cut, "run/model/tokenizer.json is damaged: not JSON: "),
        (SCORE, "model/tokenizer.json", becomes("{}"), "run/model cannot be loaded with AutoTokenizer: "),
        (SCORE, "model/tokenizer_config.json", becomes("[1]"), f"run/model/tokenizer_config.json is damaged: {LIST}"),
        (SCORE, "model/tokenizer_config.json", becomes(BYTES), "tokenizer_config.json is damaged: not UTF-8 at byte 1"),
        (SCORE, "model/contract.json", cut, "run/model/contract.json is damaged: not JSON: "),
        (SCORE, "model/contract.json", becomes("{}"), "run/model/contract.json is damaged: it has no `kind` (restore"),
        (SCORE, "model/contract.json", becomes(BYTES), "run/model/contract.json is damaged: not UTF-8 at byte 1"),
        (SCORE, "model/model.safetensors", cut, "run/model/model.safetensors is damaged: "),
        (SCORE, "model/chat_template.jinja", cut, "run/model: contract.json promises chat_template "),
        (START, "model/tokenizer.json", cut, "run/model/tokenizer.json is damaged: not JSON: "),
        (START, "model/trained_on.npz", cut, "run/model/trained_on.npz: expected the keys of what the model was"),
    ],
)
def test_a_damaged_file_is_one_sentence(run, capsys, command, file, damage, sentence):
    path = run / file
    path.write_bytes(damage(path.read_bytes()))
    capsys.readouterr()
    assert main(list(command)) == 1
    said = capsys.readouterr().err.splitlines()
    assert sentence.lower() in said[-1].lower()
    assert said[-1].startswith("rmexp: run/")
    assert (" is damaged: " not in said[-1]) or said[-1].endswith(REMEDY)
    assert not any("Traceback" in line for line in said)
    assert len(said[-1]) < 400


def test_a_validation_that_is_no_row_stops_going_on(run, capsys):
    (run / "summary.json").unlink()
    (run / "validation_rewards.jsonl").write_text('{"step": 1}\nno row\n')
    assert main(list(TRAIN)) == 1
    assert "run/validation_rewards.jsonl:2: not JSON: " in capsys.readouterr().err


def test_a_row_of_figures_whose_process_died_is_not_kept(run):
    (run / "summary.json").unlink()
    metrics = run / "metrics.csv"
    whole = metrics.read_text()
    metrics.write_text(whole.rstrip("\n")[:-3])
    assert main(list(TRAIN)) == 0
    assert metrics.read_text().splitlines() == whole.splitlines()[:-1]


def test_a_template_that_refuses_a_turn_names_the_prompt_and_the_remedy(here, capsys):
    prompt = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}]
    rows = [{"prompt": prompt, "chosen": f"yes {i}", "rejected": f"no {i}"} for i in range(4)]
    Path("pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    Path("strict.jinja").write_text(f"{TEMPLATE}{{% for message in messages %}}{{{{ message.content }}}}{{% endfor %}}")
    given = ["data=jsonl", "data.path=pairs.jsonl", "model.chat_template=strict.jinja", "logger=csv"]
    assert main(["train", *given, "data.group=id", "data.val_fraction=0.5"]) == 1
    told = (
        'the chat template refuses the prompt "system: Be brief.\\nuser: Why?": System role not supported (its '
        "turns are of system, user; change them in the data, or set model.chat_template to a file with a template that "
        "takes them)"
    )
    said = capsys.readouterr().err.splitlines()[-1]
    assert said in [f"rmexp: pairs.jsonl:{line}: {told}" for line in range(1, 5)]


def test_a_refused_prompt_is_named_where_responses_are_sampled_or_lines_are_scored(here, capsys, monkeypatch):
    strict = Path("strict.jinja")
    strict.write_text(f"{TEMPLATE}{{% for message in messages %}}{{{{ message.content }}}} {{% endfor %}}")
    rows = [{"prompt": f"Why {i}?", "chosen": f"yes {i}", "rejected": f"no {i}"} for i in range(4)]
    Path("good.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    system = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}]
    rows[2]["prompt"] = system
    Path("bad.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    small = [
        "trainer=smoke",
        "logger=csv",
        "data.group=id",
        "data.val_fraction=0.5",
        "model.chat_template=strict.jinja",
    ]
    good, bad = (["data=jsonl", f"data.path={name}.jsonl"] for name in ("good", "bad"))
    assert main(["train", "task=sft", *good, *small, "run_dir=sft"]) == 0
    assert main(["train", "task=reward", *good, *small, "run_dir=rm"]) == 0
    ppo = ["task=ppo", *bad, *small, "model.reference=sft/model", "scorer=baseline"]
    pool = ["candidates.policy=sft/model", "scorer=baseline", "candidates.n=2", "data.val_fraction=0"]
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(b"\n" + json.dumps(rows[2]).encode())))
    for command in (
        ["train", *ppo, "run_dir=ppo"],
        ["best-of-n", *bad, *pool, "run_dir=pool"],
        ["score", "input=-", "scorer.path=rm/model"],
    ):
        capsys.readouterr()
        assert main(command) == 1
        place = "standard input:2" if command[0] == "score" else "bad.jsonl:3"
        assert f" {place}: the chat template refuses the prompt " in capsys.readouterr().err.splitlines()[-1]
