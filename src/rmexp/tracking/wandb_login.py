"""Whether the server of Weights & Biases would take a run: asked before data are read, with a limit of time."""

import base64
import http.client
import json
import os
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from rmexp.tracking.wandb_staging import give_up_temporary

if TYPE_CHECKING:
    import wandb

LONGEST_WAIT = 10  # seconds
INSTEAD = "logger.mode=offline keeps the run here, and rmexp track sends it later"


def known_settings() -> "wandb.Settings":
    """What wandb's settings files and environment variables say."""
    import wandb

    give_up_temporary()
    settings = wandb.Settings()
    folder = os.environ.get("WANDB_CONFIG_DIR", "~/.config/wandb")
    settings.settings_system = str(Path(folder).expanduser() / "settings")
    settings.update_from_system_settings()
    settings.update_from_env_vars(dict(os.environ))
    return settings


def check_server() -> None:
    """Ask the server who we are.

    Raises:
        ValueError: there is no key, or the server refuses it, is ill, or does not answer.
    """
    from wandb.errors import AuthenticationError
    from wandb.sdk.lib.wbauth import authenticate_session  # wandb has no public question for a key without a prompt
    from wandb.sdk.lib.wbauth.auth import AuthApiKey

    _key_of_a_file()
    settings = known_settings()
    try:
        found = authenticate_session(host=settings.base_url, source="rmexp", prompt=False, update_session=False)
    except AuthenticationError as error:
        raise ValueError(f"logger.mode=online: {error}; {INSTEAD}") from error
    if found is None:
        raise ValueError(
            f"logger.mode=online needs a key for {settings.base_url} (wandb login, WANDB_API_KEY, "
            "WANDB_API_KEY_FILE or netrc), but there is none; logger.mode=offline needs none"
        )
    if isinstance(found, AuthApiKey):
        _ask(settings.base_url, found.api_key)


def _key_of_a_file() -> None:
    """The key that WANDB_API_KEY_FILE names, where no key is given itself."""
    path = os.environ.get("WANDB_API_KEY_FILE")
    if not path or os.environ.get("WANDB_API_KEY"):
        return
    try:
        os.environ["WANDB_API_KEY"] = Path(path).expanduser().read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ValueError(f"WANDB_API_KEY_FILE={path} cannot be read: {error.strerror}") from error


def _ask(server: str, key: str) -> None:
    """One question of the graph that every run asks, too."""
    token = base64.b64encode(f"api:{key}".encode()).decode()
    request = urllib.request.Request(
        f"{server.rstrip('/')}/graphql",
        data=json.dumps({"query": "query Viewer { viewer { id } }"}).encode(),
        headers={"Authorization": f"Basic {token}", "Content-Type": "application/json", "User-Agent": "rmexp"},
    )
    try:
        with urllib.request.urlopen(request, timeout=LONGEST_WAIT):
            return
    except urllib.error.HTTPError as error:
        if error.code in (401, 403):
            raise ValueError(f"logger.mode=online: {server} refuses the key ({error.code}); {INSTEAD}") from error
        reason = f"it answers {error.code}"
    except (OSError, http.client.HTTPException) as error:
        reason = str(getattr(error, "reason", error)) or type(error).__name__
    raise ValueError(f"logger.mode=online: the server {server} cannot be used ({reason}); {INSTEAD}")
