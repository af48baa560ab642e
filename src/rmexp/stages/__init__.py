"""Stages of training: found or trained, each built, run and summarised."""
