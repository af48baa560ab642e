from rmexp.durable import write_json
from rmexp.reports.made import Made, made_in
from rmexp.runs.environment import Environment
from rmexp.runs.rows import to_row


def test_the_command_is_as_one_would_type_it():
    words = ("__main__.py", "train", "data.path=a b.jsonl", "seed=1")
    assert Made("f", Environment(words), "").command == "rmexp train 'data.path=a b.jsonl' seed=1"
    assert Made("f", Environment(), "").command == ""


def test_versions_begin_with_our_own():
    environment = Environment(
        packages={"torch": "2.13", "rmexp": "0.1.0"}, python="3.11.7", git_commit="0123456789abcdef"
    )
    assert Made("f", environment, "").versions == "rmexp 0.1.0 (0123456789ab), Python 3.11.7, torch 2.13"
    assert Made("f", Environment(), "").versions == ""


def test_it_is_read_from_the_folder(tmp_path):
    write_json(tmp_path / "environment.json", to_row(Environment(("rmexp", "train"))))
    made = made_in(tmp_path, "seed: 0")
    assert (made.folder, made.command, made.config_yaml) == (str(tmp_path), "rmexp train", "seed: 0")
    assert made_in(tmp_path / "nowhere", "").command == ""
