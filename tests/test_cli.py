import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hydra.core.hydra_config import HydraConfig

from rmexp import __version__
from rmexp.cli import main
from rmexp.config import compose
from rmexp.config.hydra_private import ConfigLoader

HEAVY = ("torch", "lightning", "transformers")


STATES = ((0, "finished"), (1, "failed"), (2, "finished"))


@pytest.fixture
def job(monkeypatch, tmp_path):
    """Puts a function in the place of the code of `train`; what it is given is remembered."""
    monkeypatch.chdir(tmp_path)

    def install(function=lambda config: None):
        seen = []

        def train(config):
            seen.append(config)
            return function(config)

        module = ModuleType("rmexp.verbs.train")
        module.train = train
        monkeypatch.setitem(sys.modules, "rmexp.verbs.train", module)
        return seen

    return install


def python(program, **environment):
    variables = {**os.environ, "HYDRA_FULL_ERROR": "0", **environment}
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=variables, check=False)


@pytest.mark.parametrize("closed", [pytest.param(">&-", marks=pytest.mark.slow), "<&- >&- 2>&-"])
def test_a_stream_that_the_caller_has_closed_leads_nowhere(tmp_path, closed):
    command = shlex.join([sys.executable, "-m", "rmexp", "profile", "data=json_vs_text", "run_dir=run"])
    done = subprocess.run(["sh", "-c", f"{command} {closed}"], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "summary.json").is_file()


def test_without_a_verb_the_help_goes_to_standard_error(capsys):
    assert main([]) == 2
    out, err = capsys.readouterr()
    assert (out, err.split(" ")[0]) == ("", "usage:")


def test_help_has_a_phrase_for_each_verb(capsys):
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert "train one stage of training." in " ".join(out.split())
    assert out.count("\n  rmexp ") == 4


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"rmexp {__version__}\n"


def test_an_unknown_verb_is_wrong_usage(capsys):
    assert main(["trian"]) == 2
    assert capsys.readouterr().err == "rmexp: unknown verb `trian`; did you mean `train`?\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--config-name", "score"], "would go past the check of the configuration"),
        (["-m", "--cfg", "job", "seed=0,1"], "leave out -m, and all values but one"),
        (["--cfg", "all", "--hydra-help", "--run"], "only one of --run, --multirun"),
        (["--cfg", "none"], "argument --cfg/-c: invalid choice: 'none'"),
    ],
)
def test_flags_that_do_not_go_together_are_one_sentence(arguments, message, capsys):
    assert main(["train", *arguments]) == 2
    err = capsys.readouterr().err
    assert err.startswith("rmexp: ")
    assert message in err
    assert err.count("\n") == 1


def test_a_flag_that_does_not_exist_is_answered_with_the_key(capsys):
    assert main(["train", "--lr", "1e-3"]) == 2
    assert "write `optimizer.lr=1e-3`" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["train", "--help"], ["help", "train"], ["--help", "train"], ["train", "-h"]])
def test_help_of_a_verb_follows_the_choices(arguments, capsys):
    assert main([*arguments, "data=jsonl"]) == 0
    assert "data.path=???" in capsys.readouterr().out


def test_help_of_a_key(capsys):
    assert main(["help", "train", "data.path", "data=jsonl"]) == 0
    assert capsys.readouterr().out.startswith("data.path=???\n\n  a file, a pattern")
    assert main(["train", "--help", "data.pth", "data=jsonl"]) == 1
    assert "did you mean `data.path`?" in capsys.readouterr().err


def test_the_job_gets_the_composed_configuration(job):
    seen = job()
    assert main(["train", "task=dpo", "optimizer.lr=0.5"]) == 0
    (config,) = seen
    assert (config.task, config.optimizer.lr) == ("dpo", 0.5)
    assert "hydra" not in config


def test_hydra_composes_a_command_once_and_knows_its_overrides(job, monkeypatch):
    seen, composed = [], []
    job(lambda config: seen.append(HydraConfig.get()))
    load = ConfigLoader.load_configuration
    monkeypatch.setattr(
        ConfigLoader, "load_configuration", lambda *args, **options: composed.append(args) or load(*args, **options)
    )
    compose._choose.cache_clear()  # of what other tests have composed
    overrides = ["task=sft", "optimizer.lr=0.5", "+hydra.job.env_set.RMEXP_TEST=1"]
    assert main(["train", *overrides]) == 0
    assert len(composed) == 1
    assert (seen[0].overrides.task, seen[0].overrides.hydra) == (overrides[:2], overrides[2:])
    assert (seen[0].job.name, seen[0].job.override_dirname) == ("train", "optimizer.lr=0.5,task=sft")


def test_options_of_a_folder_of_the_users_own(job, tmp_path):
    seen = job()
    (tmp_path / "own" / "data").mkdir(parents=True)
    (tmp_path / "own" / "data" / "mine.yaml").write_text("defaults: [jsonl, _self_]\nname: mine\npath: pairs.jsonl\n")
    (tmp_path / "pairs.jsonl").write_text("{}\n")
    assert main(["train", "--config-dir", "own", "data=mine"]) == 0
    assert seen[0].data.name == "mine"


def test_problems_are_listed_and_nothing_runs(job, capsys):
    seen = job()
    assert main(["train", "data=jsonl", "optimizr.lr=1"]) == 1
    err = capsys.readouterr().err.splitlines()
    assert err[0] == "rmexp: 2 problems in the configuration"
    assert [line.split(":")[0].strip() for line in err[1:]] == ["optimizr.lr", "data.path"]
    assert not seen


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("`beta` must\nbe > 0"), "rmexp: `beta` must be > 0"),
        (FileNotFoundError(2, "No such file", "x"), "rmexp: x: No such file"),
        (KeyError("chosen"), "rmexp: KeyError: 'chosen'"),
        (RuntimeError(), "rmexp: RuntimeError:"),
    ],
)
def test_a_failure_is_one_line(job, capsys, monkeypatch, error, line):
    def fail(config):
        raise error

    monkeypatch.delenv("HYDRA_FULL_ERROR", raising=False)
    job(fail)
    assert main(["train", "data=synthetic"]) == 1
    assert capsys.readouterr().err.rstrip() == line


def test_the_traceback_comes_on_request(job, capsys, monkeypatch):
    def fail(config):
        raise ValueError("here")

    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    job(fail)
    assert main(["train"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_an_interrupt_is_one_line_of_its_own_code(job, capsys):
    def interrupt(config):
        raise KeyboardInterrupt

    job(interrupt)
    assert main(["train", "data=synthetic"]) == 130
    assert capsys.readouterr().err == "rmexp: interrupted\ngo on with: rmexp train data=synthetic\n"


def test_a_failed_cell_lets_the_others_run(job, capsys):
    def fail_once(config):
        if config.seed == 1:
            raise ValueError("bad luck")

    seen = job(fail_once)
    assert main(["train", "-m", "task=reward", "seed=0,1,2", "sweep_dir=sweep"]) == 1
    assert [config.seed for config in seen] == [0, 1, 2]
    out = capsys.readouterr().out.splitlines()
    assert out[-1] == "seed=1: bad luck"
    assert [line.split()[:2] for line in out[-4:-1]] == [[f"seed={seed}", state] for seed, state in STATES]
    assert "bad luck" in json.loads(Path("sweep/seed=1/failure.json").read_text())["error"]


@pytest.fixture
def after_sweep(job):
    """A job that fails for seed 1; what the hook is given is remembered."""

    def fail_once(config):
        if config.seed == 1:
            raise ValueError("bad luck")
        Path(config.run_dir).mkdir()
        return Path(config.run_dir)

    job(fail_once)
    calls = []
    sys.modules["rmexp.verbs.train"].after_sweep = lambda folders, sweep_dir: calls.append((folders, sweep_dir))
    return calls


def test_a_verb_hears_of_the_finished_cells_once_when_a_multirun_is_over(after_sweep):
    assert main(["train", "-m", "seed=0,1,2", "sweep_dir=sweep"]) == 1
    assert after_sweep == [([Path("sweep/seed=0"), Path("sweep/seed=2")], Path("sweep"))]


@pytest.mark.parametrize("arguments", [["seed=0"], ["-m", "seed=1"]])
def test_there_is_nothing_to_hear_of_a_single_run_or_of_failures_alone(after_sweep, arguments):
    main(["train", *arguments])
    assert after_sweep == []


def test_a_failure_over_the_whole_sweep_is_one_line_too(after_sweep, capsys, monkeypatch):
    def fail(folders, sweep_dir):
        raise ValueError("no table")

    monkeypatch.setattr(sys.modules["rmexp.verbs.train"], "after_sweep", fail)
    assert main(["train", "-m", "seed=0,2"]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == "rmexp: no table"


def test_a_multirun_is_checked_before_its_first_cell(job, capsys):
    seen = job()
    assert main(["train", "seed=0,1", "-m", "trainer.max_epochs=1,two"]) == 1
    assert not seen
    assert "trainer.max_epochs" in capsys.readouterr().err


def test_the_configuration_is_shown_even_when_it_is_incomplete(capsys):
    assert main(["train", "--cfg", "job", "data=jsonl"]) == 0
    assert "path: ???" in capsys.readouterr().out
    assert main(["train", "--cfg", "job", "data=jsnl"]) == 1


def test_shell_completion_works_without_a_verb(capsys):
    assert main(["-sc", "install=bash"]) == 0
    assert "complete" in capsys.readouterr().out


def test_a_shell_is_told_the_keys_of_the_verb_that_is_written(capsys, monkeypatch):
    monkeypatch.setenv("COMP_LINE", "rmexp best-of-n candidates.pa")
    assert main(["-sc", "query=bash"]) == 0
    assert capsys.readouterr().out == "candidates.path=\n"


LIGHT = (
    ["--help"],
    ["help", "train", "seed"],
    ["train", "--help"],
    ["train", "--lr", "1"],
    ["train", "--cfg", "job"],
    ["compare", "optimizr.lr=1"],
    ["train", "logger=wandb", "logger.mode=online"],  # no tracker is there: that is told before data are read
    ["train", "logger=mlflow", "logger.tracking_uri=http://127.0.0.1:9"],
)
NO_SERVER = {"WANDB_BASE_URL": "http://127.0.0.1:9", "WANDB_API_KEY": "k" * 40}


def test_nothing_heavy_is_imported_to_answer_and_for_the_general_help_not_even_hydra():
    lines = (
        "import sys",
        "from rmexp.cli import main",
        f"for arguments in {LIGHT}:",
        "    main(arguments)",
        f"    print('imported:', *(name for name in {(*HEAVY, 'hydra')} if name in sys.modules))",
    )
    told = [line for line in python("\n".join(lines), **NO_SERVER).stdout.splitlines() if line.startswith("imported:")]
    assert told == ["imported:", *["imported: hydra"] * (len(LIGHT) - 1)]


def test_python_m_rmexp_exits_with_the_code():
    done = subprocess.run([sys.executable, "-m", "rmexp", "trian"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_reader_that_goes_away_is_no_mistake():
    command = f"{shlex.quote(sys.executable)} -m rmexp --help | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("usage: rmexp")
    assert done.stderr == ""
