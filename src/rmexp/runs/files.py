"""Names of the files that every run folder has, beside its summary."""

CONFIG = "config.yaml"
ENVIRONMENT = "environment.json"
FAILURE = "failure.json"
LOCK = ".lock"
