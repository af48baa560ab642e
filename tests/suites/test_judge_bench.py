from rmexp.records import Preference
from rmexp.suites.judge_bench import judge_bench


def test_categories_and_all_pairs():
    sources = {"mmlu-pro-law": 1.0, "mmlu-pro-physics": 0.0, "livebench-math": 1.0, "livecodebench": 0.0}
    records = [Preference(source, "a", "b", target, meta={"source": source}) for source, target in sources.items()]
    figures = judge_bench(records, [(1, 0), (1, 0), (1, 1), (0, 1)])
    assert figures == {"score": 0.5, "Knowledge": 0.5, "Reasoning": None, "Math": 0.0, "Coding": 1.0}
