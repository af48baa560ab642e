"""What `rmexp --help` prints."""

from rmexp.config.help.page import beside
from rmexp.config.tree import conf_folder, verbs


def general_help() -> str:
    """Verbs, examples, and where to read on."""
    return "\n".join(
        [
            "usage: rmexp [--plugin PACKAGE_OR_FILE] VERB [KEY=VALUE ...] [-m]",
            "",
            *beside([*verbs().items()], max(map(len, verbs()))),
            "",
            "examples:",
            "  rmexp compare data=json_vs_text model=tiny",
            "  rmexp train task=reward data=jsonl data.path=PAIRS.jsonl optimizer.lr=1e-5",
            "  rmexp train task=ppo data=synthetic scorer=gold model=tiny",
            "  rmexp train -m task=reward data=json_vs_text optimizer.lr=1e-4,1e-3 seed=0,1",
            "",
            "rmexp help VERB          choices and keys of a verb, with their meaning",
            "rmexp help VERB KEY      all about one of them",
            "rmexp VERB --cfg job     the configuration that a command would run with",
            'eval "$(rmexp -sc install=bash)"     completes words in bash and zsh',
            "rmexp -sc install=fish | source      and in fish",
            "",
            f"The YAML files behind them are in {conf_folder()}",
        ]
    )
