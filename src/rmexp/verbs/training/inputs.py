"""The models and files that the configuration of a stage names: a run with others is another run."""

from omegaconf import DictConfig

from rmexp.models.backbones.location import model_inputs
from rmexp.models.backbones.start import StartingFolders
from rmexp.models.folders.chat_template import template_fingerprint
from rmexp.verbs.scorers import scorer_inputs


def stage_inputs(config: DictConfig, folders: StartingFolders) -> dict[str, str | None]:
    """Fingerprints of all that a stage reads beside its data, by the key that names it.

    Args:
        config: of the stage.
        folders: the models that it reads.

    Raises:
        ValueError: a local path holds nothing that can be read.
    """
    start, measured = folders.start, folders.reference or folders.start
    models = {"reference": measured}
    if start not in (None, measured):
        models["init_from"] = start
    if start is None and "path" in config.model:
        models["model"] = config.model.path
    inputs = {key: found for name, folder in models.items() for key, found in model_inputs(name, folder).items()}
    inputs |= scorer_inputs({name: config.get(name) for name in ("scorer", "gold")})
    if config.get("value_model") not in (None, "shared", "policy"):
        inputs |= model_inputs("value_model", config.value_model)
    template = template_fingerprint(config.model.chat_template)
    return inputs if template is None else inputs | {"chat_template": template}
