"""Scores every response of a data set: pairs or candidate lists, by any scorer.

Each split becomes one scored file with a manifest beside it.

Examples:
    rmexp score scorer=explicit scorer.path=MODEL_FOLDER data=jsonl data.path=PAIRS.jsonl
    rmexp score scorer=implicit scorer.policy=DPO_FOLDER scorer.reference=SFT_FOLDER data=json_vs_text
    rmexp score scorer=explicit scorer.path=MODEL_FOLDER data=json_vs_text run_dir=FOLDER
"""

import time
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from rmexp.config.build import build
from rmexp.config.folders import run_folder
from rmexp.models.location import folder_fingerprint
from rmexp.run.data import load_data, write_bad_rows
from rmexp.run.folder import claim
from rmexp.run.terminal import show_table


def score(config: DictConfig) -> Path:
    """Composed configuration in, folder with scored files out."""
    data = load_data(config.data)
    path = run_folder("score", config)
    models = {key: config.scorer[key] for key in ("path", "policy", "reference") if key in config.scorer}
    inputs = {"data": data.fingerprint, **{key: folder_fingerprint(model) for key, model in models.items()}}
    with claim(path, config, inputs) as run:
        summary = run.summary()
        reused = summary is not None
        if summary is None:
            from rmexp.scoring.scored_file import write_scored

            write_bad_rows(data.records, path)
            began = time.perf_counter()
            scorer = build(config.scorer, loading=data.loading, threads=config.threads)()
            files: dict[str, Any] = {}
            for name, records in data.records.sets().items():
                scored = scorer.score(records)
                write_scored(path / "scored" / f"{name}.jsonl", scored, records, scorer.describe())
                files[name] = {
                    "records": len(scored),
                    "responses": sum(len(row.scores) for row in scored),
                    "truncated": sum(sum(row.truncated) for row in scored),
                }
            seconds = time.perf_counter() - began
            responses = sum(file["responses"] for file in files.values())
            summary = {
                "scorer": scorer.describe(),
                "data": {"name": data.loading.name, "fingerprint": data.fingerprint},
                "files": files,
                "bad_rows": len(data.records.bad_rows),
                "seconds": round(seconds, 2),
                "responses_per_second": round(responses / seconds, 1),
            }
            run.finish(summary)
    rows = [(name, *(str(count) for count in counts.values())) for name, counts in summary["files"].items()]
    show_table(("", "records", "responses", "truncated"), rows)
    print(f"scored files {path / 'scored'}{'   (finished before)' if reused else ''}")
    return path
